//! The Enterprise Server over real HTTP, in process, on port 0, under a clock of the test's own.

mod arrivals;
mod assertions;
mod audit;
mod bands;
mod certificates;
mod command;
mod concurrency;
mod enrollment;
mod fullchain;
mod http;
mod import;
mod life;
mod policies;
mod presence;
mod registration;
mod rules;
mod search;
mod sign_in;
mod start;
mod support;
