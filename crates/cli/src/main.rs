//! The `antiphon` binary: answer the shell, parse, log, run, exit code.

mod args;
mod commands;
mod completion;
mod exit;
mod logging;
mod metrics;
mod params;
mod passed;
mod proc;
mod reference;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Args, exit::Exit, passed::Passed};

/// Sessions are many small things that live long beside buffers that do not: with the system's
/// allocator they take twice the memory (see bench/RESULTS.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    completion::answer();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return Exit::of_usage(&error),
    };
    let passed = Passed::from_environment();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return Exit::Failure.report(&error.into()),
    };
    let ended = runtime.block_on(commands::run(args.command, passed));
    // Who was asked to end at once waits for no thread: what was answered is on disk.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.code(),
        Err(error) => Exit::of(&error).report(&error),
    }
}
