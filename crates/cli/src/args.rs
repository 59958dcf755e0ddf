//! The command line.

use std::path::PathBuf;

use antiphon_api::{
    ids::{Pos, UserId},
    methods::user::MAX_EXTERNAL_ID_CHARS,
};
use antiphon_config::Time;
use antiphon_token::is_external_id;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::params::Word;

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
    /// Write the manual pages, one for each command.
    #[command(hide = true)]
    Manual(Manual),
    /// Copy the database, which a server may be using, to a file.
    Backup(Backup),
    /// Tokens.
    #[command(subcommand)]
    Token(Token),
    /// The configuration.
    #[command(subcommand)]
    Config(Config),
    /// Look whether everything is well, with an event sent from a commit to a socket; fail if not.
    Doctor(Doctor),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
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
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) authority: Authority,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Answer JSON-RPC over TCP too, where a bearer token says who calls: server.rpc_listen.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) rpc_listen: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Gateway {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// The folder with the server's sockets: gateway.server.
    #[arg(long, value_name = "DIR")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) edge: Edge,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// What is configured; each flag that names a key is short for setting that.
#[derive(Debug, ClapArgs)]
pub(crate) struct Configuration {
    /// The configuration file; antiphon config init writes one.
    #[arg(long, value_name = "FILE", env = "ANTIPHON_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Sets a key of the configuration, as gateway.rings.events=1000; may be given more than once.
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
}

/// What a server is most often told by hand.
#[derive(Debug, ClapArgs)]
pub(crate) struct Authority {
    /// The folder with the database and the sockets: server.data.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
}

/// What a gateway is most often told by hand.
#[derive(Debug, ClapArgs)]
pub(crate) struct Edge {
    /// Where browsers connect: gateway.listen.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<String>,
    /// An origin whose pages may connect beside the gateway's own, as https://example.org; may be
    /// given more than once: gateway.allowed_origins.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Over how long the tabs leave when the gateway stops, as 5s: gateway.drain_window.
    #[arg(long, value_name = "TIME")]
    pub(crate) drain_window: Option<String>,
}

/// Whom to believe.
#[derive(Debug, ClapArgs)]
pub(crate) struct Trust {
    /// Development: accept the tokens dev:1, dev:2, …, on loopback addresses only; an empty data
    /// folder begins with a demo workspace: tokens.dev.
    #[arg(long)]
    pub(crate) dev: bool,
    /// The file with the key that signs tokens, at least 32 bytes; needed unless --dev:
    /// tokens.signing_key.
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_key: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Backup {
    /// The file to make; it must not be there.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) authority: Authority,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    #[command(flatten)]
    pub(crate) authority: Authority,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Where the gateway is, as http://127.0.0.1:8484; where it is configured to listen unless given.
    #[arg(long, value_name = "URL", env = "ANTIPHON_GATEWAY")]
    pub(crate) gateway: Option<String>,
    /// Read the whole database for damage, too; it may take minutes.
    #[arg(long)]
    pub(crate) deep: bool,
    #[command(flatten)]
    pub(crate) show: Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Write a configuration file with every key in it, commented out.
    Init(ConfigInit),
    /// Say what is wrong with the configuration, and end with 78 if anything is.
    Check(ConfigGiven),
    /// Print each key's value and where it comes from.
    Show(ConfigGiven),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigInit {
    /// Where to write it; - is the standard output. A file that is there is left alone.
    #[arg(default_value = "antiphon.toml")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigGiven {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
}

/// Where the data is, for who looks for the server's socket there.
#[derive(Debug, ClapArgs)]
pub(crate) struct Data {
    /// The folder with the server's database and sockets.
    #[arg(
        long,
        value_name = "DIR",
        env = "ANTIPHON_SERVER_DATA",
        default_value = "./antiphon-data"
    )]
    pub(crate) data: PathBuf,
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

#[derive(Debug, ClapArgs)]
pub(crate) struct Manual {
    /// The folder to write them to; made if it is not there.
    pub(crate) folder: PathBuf,
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
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) ttl: Time<1_000, { 100 * 365 * 86_400_000 }>,
    #[arg(long, default_value = "user")]
    pub(crate) kind: Kind,
    /// What it is limited to, if anything.
    #[arg(long)]
    pub(crate) scope: Option<String>,
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// The file with the key that signs tokens: tokens.signing_key.
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_key: Option<String>,
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

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("expected a key and its value, as gateway.rings.events=1000")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn position(text: &str) -> Result<Pos, String> {
    text.parse()
        .ok()
        .and_then(Pos::checked)
        .ok_or_else(|| "expected a position, the pos of an event or of a snapshot".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
