mod backup;
mod call;
mod completions;
mod config;
mod configured;
mod doctor;
mod gateway;
mod group;
mod manual;
mod reach;
mod serve;
mod server;
mod stop;
mod supervisor;
mod tail;
mod token;

use crate::{
    args::{Command, Token},
    exit::Exit,
    passed::Passed,
};

pub(crate) async fn run(command: Command, passed: Passed) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => serve::run(args, passed).await,
        Command::Server(args) => server::run(args, passed).await,
        Command::Gateway(args) => gateway::run(args, passed).await,
        Command::Call(args) => call::run(args).await,
        Command::Tail(args) => tail::run(args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Manual(args) => manual::run(&args),
        Command::Token(Token::Issue(args)) => token::issue(args),
        Command::Backup(args) => backup::run(&args),
        Command::Config(command) => config::run(command),
        Command::Doctor(args) => doctor::run(args).await,
    }
}
