//! Answered mutations a second, and how often the disk was waited for.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use antiphon_api::ids::{UnixMs, UserId};
use antiphon_store::{Audience, EmitError, Options, Store, Tx};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    results::{Aim, Results, figure, median},
    rpc::Callers,
    town::Town,
};

const CALLERS: [usize; 4] = [1, 8, 32, 128];
const TIME: Duration = Duration::from_secs(2);
const SCHEMA: &[&str] =
    &["CREATE TABLE message (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"];
const BODY_BYTES: usize = 300;

/// What was counted in some time.
struct Count {
    a_second: f64,
    /// Flushes of the disk, for each answered mutation.
    flushes: f64,
}

/// As many as there are in [`CALLERS`].
type Counts = [Count; 4];

pub(super) fn run(rounds: usize) -> Result<Results> {
    let about = "Callers who make a mutation and, when it is answered, the next. At the store's queue: a row of 300 bytes and an \
        event of as many. Over rpc.sock: message.send of the same size, each caller another user on a connection of its own. \
        Answered is on disk (WAL, synchronous=FULL). Flushes are those of the whole disk, as the kernel counts them; nothing else should write meanwhile.";
    let columns = [
        "where",
        "callers",
        "answered a second",
        "of one caller's",
        "flushes for each",
    ];
    let mut results = Results::new("commit", about, rounds, &columns)?;
    let ways = [
        ("queue", 8.0, at_the_queue as fn() -> Result<Counts>),
        ("rpc.sock", 5.0, over_rpc),
    ];
    for (place, wanted, way) in ways {
        let measured = (0..rounds).map(|_| way()).collect::<Result<Vec<_>>>()?;
        for (index, callers) in CALLERS.into_iter().enumerate() {
            let of = |pick: fn(&Counts, usize) -> f64| {
                median(measured.iter().map(|counts| pick(counts, index)))
            };
            let gain = of(|counts, index| counts[index].a_second / counts[0].a_second);
            results.row([
                place.to_owned(),
                callers.to_string(),
                figure(of(|counts, index| counts[index].a_second)),
                figure(gain),
                figure(of(|counts, index| counts[index].flushes)),
            ]);
            if callers == 32 {
                let what = format!("times one commit each, 32 waiting, {place}");
                results.aims.push(Aim::at_least(what, wanted, gain));
            }
        }
    }
    Ok(results)
}

fn at_the_queue() -> Result<Counts> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.db");
    let store = Store::open(Options::new(&path, SCHEMA, BODY_BYTES * 2))?;
    let runtime = Runtime::new()?;
    counted(&path, |callers| {
        let answered = runtime.block_on(callers_of_the_queue(&store, callers))?;
        Ok((answered, TIME))
    })
}

async fn callers_of_the_queue(store: &Store, callers: usize) -> Result<u64> {
    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (store, over, answered) = (store.clone(), Arc::clone(&over), Arc::clone(&answered));
        tasks.spawn(async move {
            while !over.load(Relaxed) {
                store.write(say).await?;
                answered.fetch_add(1, Relaxed);
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    tokio::time::sleep(TIME).await;
    over.store(true, Relaxed);
    let counted = answered.load(Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(counted)
}

fn say(tx: &mut Tx<'_>) -> Result<(), EmitError> {
    let body = "x".repeat(BODY_BYTES);
    tx.prepare_cached("INSERT INTO message (body) VALUES (?1)")?
        .execute([&body])?;
    tx.emit(&Audience::user(UserId(1)), &body, UnixMs(1))
        .map(drop)
}

fn over_rpc() -> Result<Counts> {
    let town = Town::of(CALLERS[3], CALLERS[3])?;
    let message = json!({ "channel_id": town.channels[0].id, "body": "x".repeat(BODY_BYTES) });
    let calls: Vec<(i64, Value)> = (town.first..)
        .take(CALLERS[3])
        .map(|user| (user, message.clone()))
        .collect();
    counted(&town.database(), |callers| {
        Callers::connect(&town.sockets(), "message.send", &calls[..callers])?.run(TIME)
    })
}

/// For each number of callers, what `call` did, and the flushes meanwhile.
fn counted(path: &Path, mut call: impl FnMut(usize) -> Result<(u64, Duration)>) -> Result<Counts> {
    let mut counts = Vec::new();
    for callers in CALLERS {
        // What was left of the one before, the checkpoint among it, is not this one's.
        thread::sleep(Duration::from_millis(500));
        let before = flushes(path)?;
        let (answered, time) = call(callers)?;
        counts.push(Count {
            a_second: answered as f64 / time.as_secs_f64(),
            flushes: (flushes(path)? - before) as f64 / answered as f64,
        });
    }
    counts.try_into().ok().context("as many counts as callers")
}

/// How often the disk that a file is on was told to make everything durable.
fn flushes(path: &Path) -> Result<u64> {
    let device = fs::metadata(path)?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let stat = format!("/sys/dev/block/{major}:{minor}/stat");
    let stat = fs::read_to_string(&stat).with_context(|| format!("reading {stat}"))?;
    let flushes = stat.split_whitespace().nth(15);
    Ok(flushes
        .context("the kernel does not count flushes")?
        .parse()?)
}
