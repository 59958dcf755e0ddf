mod backup;
mod call;
mod completions;
mod config;
mod configured;
mod gateway;
mod group;
mod reach;
mod serve;
mod server;
mod stop;
mod tail;
mod token;

use crate::{
    args::{Command, Token},
    exit::Exit,
};

pub(crate) async fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Server(args) => server::run(args).await,
        Command::Gateway(args) => gateway::run(args).await,
        Command::Call(args) => call::run(args).await,
        Command::Tail(args) => tail::run(args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Token(Token::Issue(args)) => token::issue(args),
        Command::Backup(args) => backup::run(&args),
        Command::Config(command) => config::run(command),
    }
}
