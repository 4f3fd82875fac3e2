//! Clients in a world of virtual time whose network fails, by numbers that a seed makes.
//!
//! The clients are the real ones, as are HTTP, WebSockets and certificates; what stands in for the world
//! is the network ([`network`]), the agent ([`agent`]) and the clock. A seed decides what is asked and
//! what fails; when tasks that could run at the same moment run is the runtime's own choice, so a
//! seed that failed once is to be run a few times.

mod agent;
mod network;
mod world;

use std::time::Duration;

use nymi_napi::GetError;
use serde_json::json;

use agent::NO_ANSWER;
use network::Line;
use world::{AGENT, NES, World};

/// Numbers that a seed makes (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }
}

fn in_virtual_time(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work);
}

/// One life of three applications, with this many things that happen.
#[expect(clippy::print_stdout, reason = "a failure is to name the seed")]
fn life(seed: u64, happenings: usize) {
    println!("seed {seed}");
    in_virtual_time(async move {
        let mut world = World::new(seed, 3);
        for _ in 0..happenings {
            happen(&mut world).await;
        }
        world.heal().await;
        world.assert_well().await;
        world.end();
    });
}

/// One thing that an application wants, or that the world does to it.
async fn happen(world: &mut World) {
    let user = world.numbers.below(world.users.len() as u64) as usize;
    match world.numbers.below(25) {
        0..7 => {
            let asked = world.numbers.below(8);
            world.lookup(user, asked == 0);
        }
        7 | 8 => {
            let endpoint = world.numbers.pick(&["bench-1", "bench-2"]);
            world.subscribe(user, endpoint);
        }
        9 => world.cancel(user),
        10 => world.init(user),
        11 => world.tap(),
        12 | 13 => {
            let line = world
                .numbers
                .pick(&[Line::Up, Line::Up, Line::Refusing, Line::Silent]);
            world.network.set(AGENT, line);
        }
        14 => {
            let line = world
                .numbers
                .pick(&[Line::Up, Line::Up, Line::Refusing, Line::Silent]);
            world.network.set(NES, line);
        }
        15 => world.network.cut(AGENT),
        16 => {
            let latency = world.numbers.pick(&[0, 20, 300, 3000]);
            let breaks = world.numbers.pick(&[0, 0, 5, 50]);
            world.network.weather(latency, breaks);
        }
        17 => world.nes_fails_or_not(),
        18 => world.a_day_passes(),
        19 => world.replace_l2(),
        20 => world.replace_l1(),
        21 => world.configure_l1(),
        22 => world.agent_takes_l1(),
        23 => {
            let hours_ahead = world.numbers.pick(&[-100, -1, 0, 1, 30, 800]);
            world.clock_jumps_to(hours_ahead);
        }
        _ => {
            let host = world.numbers.pick(&[AGENT, NES]);
            world.moves(host);
        }
    }
    let pause = world.numbers.pick(&[1, 100, 1000, 5000, 90_000]);
    let pause = world.numbers.millis(pause);
    world.pass(pause).await;
}

#[test]
fn nothing_is_lost_doubled_or_crossed_whatever_fails() {
    for seed in 0..20 {
        life(seed, 40);
    }
}

#[test]
#[ignore = "thousands of lives"]
fn nothing_is_lost_doubled_or_crossed_in_thousands_of_lives() {
    let first = std::env::var("NYMI_SEED").map_or(1000, |seed| seed.parse().unwrap());
    let count = std::env::var("NYMI_SEEDS").map_or(2000, |count| count.parse().unwrap());
    for seed in first..first + count {
        life(seed, 60);
    }
}

#[test]
fn a_thousand_requests_in_flight_come_back_each_to_its_own() {
    in_virtual_time(async {
        let mut world = World::new(7, 2);
        world.heal().await;
        for _ in 0..500 {
            world.lookup(0, false);
            world.lookup(1, false);
        }
        assert_eq!(world.in_flight(), 1000);
        world.pass(Duration::from_secs(5)).await;
        assert_eq!(world.in_flight(), 0);
        assert_eq!(world.succeeded, [500, 500]);
        world.end();
    });
}

/// An application that asks at once does not have to know how far the client has come.
#[test]
fn a_subscription_right_after_init_waits_for_an_agent_that_is_slow_or_starts_later() {
    for latency in [0, 20, 100, 400] {
        for starts_after in [Duration::ZERO, Duration::from_secs(5)] {
            in_virtual_time(async move {
                let mut world = World::new(latency, 1);
                world.network.weather(latency, 0);
                if !starts_after.is_zero() {
                    world.network.set(AGENT, Line::Refusing);
                }
                world.initialised(0).await;
                world.subscribe_within(0, "bench-1", Duration::from_secs(20));
                world.lookup_within(0, Duration::from_secs(20));
                world.pass(starts_after).await;
                world.network.set(AGENT, Line::Up);
                world.pass(Duration::from_secs(21)).await;
                assert!(world.users[0].is_subscribed("bench-1"), "{latency} ms");
                assert_eq!(world.succeeded, [1], "{latency} ms");
                world.end();
            });
        }
    }
}

#[test]
fn a_subscription_that_met_no_agent_is_made_once_there_is_one() {
    for was_there_before in [false, true] {
        in_virtual_time(async move {
            let mut world = World::new(16, 1);
            world.network.weather(0, 0);
            if was_there_before {
                world.heal().await;
            }
            world.network.set(AGENT, Line::Refusing);
            world.initialised(0).await;
            world.pass(Duration::from_secs(1)).await;
            world.subscribe_within(0, "bench-1", Duration::from_secs(5));
            world.subscribe_within(0, "bench-2", Duration::from_secs(5));
            world.pass(Duration::from_secs(6)).await;
            assert_eq!(
                world.in_flight(),
                0,
                "answered at the deadline at the latest"
            );
            assert!(!world.users[0].is_subscribed("bench-1"), "4000");
            world.unsubscribe(0, "bench-2");
            world.pass(Duration::from_secs(25)).await;
            world.network.set(AGENT, Line::Up);
            world.pass(Duration::from_secs(30)).await;
            assert_eq!(world.heard_by_agent(0), ["bench-1"]);
            world.end();
        });
    }
}

#[test]
fn an_outage_of_the_agent_is_told_once_however_long_it_lasts() {
    for line in [Line::Refusing, Line::Silent] {
        in_virtual_time(async move {
            let mut world = World::new(8, 1);
            world.heal().await;
            let told = world.users[0].told_missing;
            world.network.set(AGENT, line);
            world.pass(Duration::from_secs(3600)).await;
            assert_eq!(world.users[0].told_missing, told + 1, "{line:?}");
            world.heal().await;
            world.assert_well().await;
            assert_eq!(world.users[0].told_missing, told + 1, "{line:?}");
            world.end();
        });
    }
}

#[test]
fn a_certificate_that_expires_while_nes_is_away_is_told_once_and_renewed_after() {
    in_virtual_time(async {
        let mut world = World::new(9, 1);
        world.heal().await;
        world.network.set(NES, Line::Refusing);
        for _ in 0..16 {
            world.a_day_passes();
            world.pass(Duration::from_secs(120)).await;
        }
        let told = |world: &World| {
            let user = &world.users[0];
            (user.told_nes_missing, user.told_expired)
        };
        assert_eq!(told(&world), (1, 1), "each once in some days");
        world.heal().await;
        world.assert_well().await;
        assert_eq!(told(&world), (1, 1));
        world.end();
    });
}

#[test]
fn another_l1_is_refused_until_the_configuration_names_it() {
    in_virtual_time(async {
        let mut world = World::new(11, 1);
        world.heal().await;
        world.replace_l1();
        for _ in 0..11 {
            world.a_day_passes();
            world.pass(Duration::from_secs(120)).await;
        }
        let told = world.users[0].told_of_certificates.clone();
        assert_eq!(told.len(), 1, "{told:?}");
        let specifics = told[0]["error_specifics"].as_str().unwrap();
        assert!(specifics.contains("L1 was replaced"), "{specifics}");
        assert!(world.works(0).await, "the present certificate is valid");

        world.configure_l1();
        world.pass(Duration::from_secs(3900)).await;
        world.agent_takes_l1();
        world.network.cut(AGENT);
        world.pass(Duration::from_secs(60)).await;
        assert!(world.works(0).await, "under the new L1");
        assert_eq!(world.users[0].told_of_certificates.len(), 1);
        world.end();
    });
}

#[test]
fn an_agent_that_takes_the_new_l1_alone_makes_the_client_renew_at_once() {
    in_virtual_time(async {
        let mut world = World::new(12, 1);
        world.heal().await;
        world.replace_l1();
        world.configure_l1();
        world.agent_takes_l1();
        world.network.cut(AGENT);
        world.pass(Duration::from_secs(30)).await;
        assert!(world.works(0).await);
        world.end();
    });
}

#[test]
fn an_agent_that_goes_on_refusing_does_not_make_the_client_renew_in_a_storm() {
    in_virtual_time(async {
        let mut world = World::new(13, 1);
        world.heal().await;
        world.replace_l1();
        world.agent_takes_l1();
        world.network.cut(AGENT);
        let issued = world.issued();
        world.pass(Duration::from_secs(6 * 3600)).await;
        let renewals = world.issued() - issued;
        assert!((3..30).contains(&renewals), "{renewals}");
        assert!(!world.works(0).await, "fails closed");
        world.heal().await;
        world.assert_well().await;
        world.end();
    });
}

#[test]
fn a_clock_that_jumps_ahead_and_back_costs_no_more_than_a_word() {
    in_virtual_time(async {
        let mut world = World::new(14, 1);
        world.heal().await;
        for round in 1..=2 {
            world.clock_jumps_to(800);
            world.pass(Duration::from_secs(3600)).await;
            assert_eq!(world.users[0].told_expired, round, "each time once");
            assert!(world.works(0).await, "the agent's own clock counts");
            world.clock_jumps_to(-100);
            world.pass(Duration::from_secs(3600)).await;
            assert!(world.works(0).await);
        }
        let issued = world.issued();
        world.heal().await;
        world.assert_well().await;
        assert_eq!(world.issued(), issued, "the certificate is still the same");
        world.end();
    });
}

#[test]
fn a_clock_ahead_within_the_certificates_life_does_not_make_the_client_renew_in_a_storm() {
    in_virtual_time(async {
        let mut world = World::new(16, 1);
        world.heal().await;
        let issued = world.issued();
        // Ten days of fourteen: a new certificate is past two thirds of its life, too.
        world.clock_jumps_to(240);
        world.pass(Duration::from_secs(4 * 3600)).await;
        let at_first = world.issued() - issued;
        assert!((2..20).contains(&at_first), "{at_first}");
        assert_eq!(world.users[0].told_of_certificates.len(), 1, "once");
        let issued = world.issued();
        world.pass(Duration::from_secs(6 * 3600)).await;
        let later = world.issued() - issued;
        assert!((5..=12).contains(&later), "{later} in six hours");
        // An application that initialises again because of what it heard changes nothing.
        for _ in 0..5 {
            world.init(0);
            world.pass(Duration::from_secs(10)).await;
        }
        assert!(world.issued() - issued - later <= 1);
        assert_eq!(world.users[0].told_of_certificates.len(), 1, "once");
        assert!(world.works(0).await);
        world.heal().await;
        world.assert_well().await;
        world.end();
    });
}

#[test]
fn an_agent_and_a_server_that_move_are_found_again() {
    in_virtual_time(async {
        let mut world = World::new(15, 1);
        world.heal().await;
        world.subscribe(0, "bench-1");
        world.pass(Duration::from_secs(5)).await;
        let issued = world.issued();
        for port in [AGENT, NES] {
            world.moves(port);
        }
        world.pass(Duration::from_secs(60)).await;
        assert!(world.works(0).await);
        for _ in 0..10 {
            world.a_day_passes();
        }
        world.pass(Duration::from_secs(120)).await;
        assert_eq!(world.issued(), issued + 1, "renewed at the new address");
        world.assert_well().await;
        world.end();
    });
}

#[test]
fn terminated_every_request_in_flight_is_answered() {
    in_virtual_time(async {
        let mut world = World::new(10, 1);
        world.heal().await;
        let client = &world.users[0].client;
        for exchange in ["a", "b", "c"] {
            let request = json!({"operation": "lookup", "exchange": exchange, "payload":
                {"query": {"Username": NO_ANSWER}, "lookup_keys": ["Username"]}});
            client.put(&request.to_string()).unwrap();
        }
        client.terminate();
        for exchange in ["a", "b", "c"] {
            let update = client.try_get().unwrap().unwrap();
            let update: serde_json::Value = serde_json::from_str(&update).unwrap();
            assert_eq!(
                (&update["exchange"], &update["status"]),
                (&json!(exchange), &json!(1007))
            );
        }
        assert_eq!(client.try_get(), Err(GetError::Terminated));
        assert_eq!(client.try_get(), Err(GetError::NotRunning));
    });
}
