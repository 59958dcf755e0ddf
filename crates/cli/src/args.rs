//! The command line.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use antiphon_api::{
    Class,
    ids::{Pos, UserId},
    methods::user::MAX_EXTERNAL_ID_CHARS,
};
use antiphon_server::Rate;
use antiphon_token::is_external_id;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::params::Word;

/// The highest rate and burst that can be asked for.
const MAX_RATE: NonZeroU32 = NonZeroU32::new(1_000_000).expect("is above zero");

/// Keeps every tab of every user in step with one authority.
#[derive(Debug, Parser)]
#[command(name = "antiphon", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run server and gateway in one process.
    Serve(Serve),
    /// Run the authority alone.
    Server(Server),
    /// Run the edge alone.
    Gateway(Gateway),
    /// Call a method and print its result: JSON, or a table on a terminal.
    #[command(disable_help_flag = true)]
    Call(Call),
    /// Print a user's stream, a line a frame: JSON, or something to read on a terminal.
    Tail(Tail),
    /// Print the script with which a shell completes commands, methods and parameters.
    #[command(after_help = INSTALLATION)]
    Completions(Completions),
    /// Tokens.
    #[command(subcommand)]
    Token(Token),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) authority: Authority,
    #[command(flatten)]
    pub(crate) edge: Edge,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) authority: Authority,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Answer JSON-RPC over TCP too, where a bearer token says who calls.
    #[arg(long, value_name = "ADDR:PORT", env = "ANTIPHON_RPC_LISTEN")]
    pub(crate) rpc_listen: Option<SocketAddr>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Gateway {
    /// The folder with the server's sockets, `run` in its data folder.
    #[arg(
        long,
        value_name = "DIR",
        env = "ANTIPHON_SERVER",
        default_value = "./antiphon-data/run"
    )]
    pub(crate) server: PathBuf,
    #[command(flatten)]
    pub(crate) edge: Edge,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// Where the data is.
#[derive(Debug, ClapArgs)]
pub(crate) struct Data {
    /// The folder with the database and the sockets; a server makes it if it is not there.
    #[arg(
        long,
        value_name = "DIR",
        env = "ANTIPHON_DATA",
        default_value = "./antiphon-data"
    )]
    pub(crate) data: PathBuf,
}

/// What the server allows.
#[derive(Debug, ClapArgs)]
pub(crate) struct Authority {
    /// Make a user for a token whose external id nobody has; otherwise it is refused.
    #[arg(long, env = "ANTIPHON_PROVISION_UNKNOWN")]
    pub(crate) provision_unknown: bool,
    /// How often each user may call methods of a class (read, write, heavy or signal), and how
    /// often at once after a pause, as write=20:100; may be given more than once.
    #[arg(
        long,
        value_name = "CLASS=PER_SECOND[:BURST]",
        env = "ANTIPHON_RATE_LIMIT",
        value_delimiter = ',',
        value_parser = rate_limit
    )]
    pub(crate) rate_limit: Vec<(Class, Rate)>,
    #[command(flatten)]
    pub(crate) livekit: Livekit,
}

/// How the gateway meets its clients.
#[derive(Debug, ClapArgs)]
pub(crate) struct Edge {
    /// Where browsers connect.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "ANTIPHON_LISTEN",
        default_value = "127.0.0.1:8484"
    )]
    pub(crate) listen: SocketAddr,
    /// An origin whose pages may connect beside the gateway's own, as https://example.org; may be
    /// given more than once.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "ANTIPHON_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub(crate) allow_origin: Vec<String>,
    /// Over how long the tabs leave when the gateway stops.
    #[arg(long, value_name = "TIME", env = "ANTIPHON_DRAIN_WINDOW", default_value = "5s", value_parser = duration)]
    pub(crate) drain_window: Duration,
}

/// Whom to believe.
#[derive(Debug, ClapArgs)]
pub(crate) struct Trust {
    /// Development: accept the tokens dev:1, dev:2, …, on loopback addresses only; an empty data
    /// folder begins with a demo workspace.
    #[arg(long, env = "ANTIPHON_DEV")]
    pub(crate) dev: bool,
    /// The file with the key that signs tokens, at least 32 bytes; needed unless --dev.
    #[arg(long, value_name = "FILE", env = "ANTIPHON_SIGNING_KEY")]
    pub(crate) signing_key: Option<PathBuf>,
}

/// Where those in a huddle talk; all of it or nothing.
#[derive(Debug, ClapArgs)]
pub(crate) struct Livekit {
    /// A LiveKit server that clients can reach too, as wss://livekit.example.org; without one,
    /// huddles are rooms where people are seen and not heard.
    #[arg(long, value_name = "URL", env = "ANTIPHON_LIVEKIT_URL")]
    pub(crate) livekit_url: Option<String>,
    /// The name of an API key of that server.
    #[arg(long, value_name = "NAME", env = "ANTIPHON_LIVEKIT_KEY")]
    pub(crate) livekit_key: Option<String>,
    /// The file with the secret of that key.
    #[arg(long, value_name = "FILE", env = "ANTIPHON_LIVEKIT_SECRET_FILE")]
    pub(crate) livekit_secret_file: Option<PathBuf>,
}

/// How to reach a server or gateway.
#[derive(Debug, ClapArgs)]
pub(crate) struct Reach {
    /// The server's rpc.sock; that of the data folder unless given.
    #[arg(long, value_name = "PATH", env = "ANTIPHON_SOCKET")]
    pub(crate) socket: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// A gateway or a server's TCP address, as http://127.0.0.1:8484, in place of the socket.
    #[arg(
        long,
        value_name = "URL",
        requires = "token",
        conflicts_with = "socket"
    )]
    pub(crate) url: Option<String>,
    /// The token to go with --url.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "ANTIPHON_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Call {
    /// The method, as message.send; rpc.discover lists them.
    #[arg(required_unless_present = "help")]
    pub(crate) method: Option<String>,
    /// Its parameters, as channel_id=1 body='hello there', or one JSON object.
    #[arg(value_name = "NAME=VALUE", value_parser = Word::read)]
    pub(crate) params: Vec<Word>,
    /// The user to act as; the operator unless given.
    #[arg(long = "as", value_name = "USER_ID", value_parser = user_id, conflicts_with = "url")]
    pub(crate) user: Option<UserId>,
    #[command(flatten)]
    pub(crate) show: Show,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Print help; behind a method, what it does, takes, answers and fails with.
    #[arg(short, long)]
    pub(crate) help: bool,
}

/// How to show what comes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Show {
    /// Print JSON on a terminal too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Tail {
    /// Whose stream.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    pub(crate) user: UserId,
    /// Begin with what came after this position; with what comes from now on unless given.
    #[arg(long, value_name = "POS", value_parser = position, allow_negative_numbers = true)]
    pub(crate) from: Option<Pos>,
    /// Where the gateway is, when the ticket comes from the socket.
    #[arg(
        long,
        value_name = "URL",
        env = "ANTIPHON_GATEWAY",
        default_value = "http://127.0.0.1:8484"
    )]
    pub(crate) gateway: String,
    #[command(flatten)]
    pub(crate) show: Show,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Each line for the file that the shell reads when it starts.
const INSTALLATION: &str = "\
Put the line of your shell into the file it reads when it starts:
  bash (~/.bashrc)                    source <(antiphon completions bash)
  zsh  (~/.zshrc, behind compinit)    source <(antiphon completions zsh)
  fish (~/.config/fish/config.fish)   antiphon completions fish | source";

#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Print a signed token.
    Issue(Issue),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Issue {
    #[command(flatten)]
    pub(crate) whom: Whom,
    /// How long it is good for: 90s, 15m, 1h or 7d.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub(crate) ttl: Duration,
    #[arg(long, default_value = "user")]
    pub(crate) kind: Kind,
    /// What it is limited to, if anything.
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// The file with the key that signs tokens.
    #[arg(long, value_name = "FILE", env = "ANTIPHON_SIGNING_KEY")]
    pub(crate) signing_key: PathBuf,
}

/// Whom the token is for.
#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// Whom the token is for.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    pub(crate) user: Option<UserId>,
    /// Whom the token is for, by the id that an application gave the user.
    #[arg(long, value_name = "EXTERNAL_ID", value_parser = external_id)]
    pub(crate) ext: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    User,
    Widget,
    Overlay,
}

fn user_id(text: &str) -> Result<UserId, String> {
    text.parse()
        .ok()
        .and_then(UserId::checked)
        .ok_or_else(|| "expected a user's id, a number from 1".to_owned())
}

fn external_id(text: &str) -> Result<String, String> {
    if is_external_id(text) {
        Ok(text.to_owned())
    } else {
        let most = MAX_EXTERNAL_ID_CHARS;
        Err(format!(
            "expected 1 to {most} characters, none of them control characters"
        ))
    }
}

fn rate_limit(text: &str) -> Result<(Class, Rate), String> {
    let number = |text: &str| text.parse().ok().filter(|number| *number <= MAX_RATE);
    let parse = || {
        let (class, rate) = text.split_once('=')?;
        let class = Class::ALL
            .into_iter()
            .find(|known| known.as_str() == class)?;
        let (per_second, burst) = rate.split_once(':').unwrap_or((rate, rate));
        Some((class, Rate::new(number(per_second)?, number(burst)?)))
    };
    parse().ok_or_else(|| {
        format!(
            "expected read, write, heavy or signal, and calls a second and at once, from 1 to \
             {MAX_RATE}: write=20:100, or write=20 for write=20:20"
        )
    })
}

fn position(text: &str) -> Result<Pos, String> {
    text.parse()
        .ok()
        .and_then(Pos::checked)
        .ok_or_else(|| "expected a position, the pos of an event or of a snapshot".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let split = text.len() - text.chars().last().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .filter(|_| seconds > 0)
        .and_then(|number| number.checked_mul(seconds))
        .filter(|total| *total <= 100 * 365 * 86_400)
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number and a unit: 90s, 15m, 1h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::{Args, duration, rate_limit};

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_rate_limit_names_a_class_and_one_or_two_numbers() {
        let numbers = |text| {
            let (class, rate) = rate_limit(text).expect(text);
            (class.as_str(), rate.per_second.get(), rate.burst.get())
        };
        assert_eq!(numbers("write=20:100"), ("write", 20, 100));
        assert_eq!(numbers("heavy=2"), ("heavy", 2, 2));
        for bad in [
            "",
            "write",
            "write=",
            "write=0",
            "write=1:0",
            "write=-1",
            "write=1:2:3",
            "write=1000001",
            "Write=1",
            "sends=1",
            "=1",
        ] {
            assert!(rate_limit(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in [
            "",
            "5",
            "s",
            "-1s",
            "1.5h",
            "1w",
            "99999999999999999999d",
            "5µ",
        ] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }
}
