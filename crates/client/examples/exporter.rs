//! Prints the channels its user is in, each followed by all of its messages, as JSON lines:
//! `exporter URL TOKEN`.
//!
//! A channel is read page by page, newest first and so to its beginning, which ends whatever is
//! written meanwhile; the replies to a message follow it, newest first too. No more than two pages
//! are in memory.

use std::io::Write;

use antiphon_api::{
    entities::{Channel, Message},
    limits::MAX_LIST_LIMIT,
    method::NoParams,
    methods::{
        message::{List, ListParams},
        state::Snapshot,
        thread,
    },
};
use antiphon_client::Rpc;
use anyhow::Context;
use serde::Serialize;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (url, token) = args
        .next()
        .zip(args.next())
        .context("usage: exporter URL TOKEN")?;
    let rpc = Rpc::http(&url, Some(token))?;
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let snapshot = rpc.call::<Snapshot>(&NoParams {}).await?;
    for channel in &snapshot.channels {
        write(&mut out, "channel", channel)?;
        export(&rpc, channel, &mut out).await?;
    }
    Ok(out.flush()?)
}

async fn export(rpc: &Rpc, channel: &Channel, out: &mut impl Write) -> anyhow::Result<()> {
    let mut before_id = None;
    loop {
        let params = ListParams {
            channel_id: channel.id,
            since_id: None,
            before_id,
            limit: Some(MAX_LIST_LIMIT),
        };
        let page = rpc.call::<List>(&params).await?;
        for message in page.messages.iter().rev() {
            write(out, "message", message)?;
            if message.reply_count > 0 {
                export_replies(rpc, message, out).await?;
            }
        }
        match page.messages.first() {
            Some(oldest) if page.has_more => before_id = Some(oldest.id),
            _ => return Ok(()),
        }
    }
}

async fn export_replies(rpc: &Rpc, root: &Message, out: &mut impl Write) -> anyhow::Result<()> {
    let mut before_id = None;
    loop {
        let params = thread::MessagesParams {
            thread_id: root.id,
            since_id: None,
            before_id,
            limit: Some(MAX_LIST_LIMIT),
        };
        let page = rpc.call::<thread::Messages>(&params).await?;
        for reply in page.messages.iter().rev() {
            write(out, "message", reply)?;
        }
        match page.messages.first() {
            Some(oldest) if page.has_more => before_id = Some(oldest.id),
            _ => return Ok(()),
        }
    }
}

/// One line: what it is, and the thing as it is.
fn write(out: &mut impl Write, kind: &str, thing: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(
        &mut *out,
        &std::collections::BTreeMap::from([(kind, thing)]),
    )?;
    Ok(writeln!(out)?)
}
