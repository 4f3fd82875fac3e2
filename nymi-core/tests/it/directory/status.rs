//! Attributes to status, one by one, all together, and against a slow model.

use nymi_core::UnixMillis;
use nymi_core::directory::*;
use nymi_core::message::Status;
use proptest::prelude::*;

/// 2024-05-18.
const NOW: UnixMillis = UnixMillis::from_secs(1_716_000_000);
const DAY: i64 = 864_000_000_000;

fn now() -> i64 {
    FileTime::from_unix(NOW).0
}

fn domain() -> DomainRules {
    DomainRules {
        lockout_duration: Interval(-18_000_000_000),
        max_password_age: Interval(-42 * DAY),
    }
}

/// An account in order.
fn good() -> Attributes {
    Attributes {
        flags: AccountFlags(AccountFlags::NORMAL),
        account_expires: FileTime::NEVER,
        password_last_set: FileTime(now() - DAY),
        ..Attributes::default()
    }
}

fn status(attributes: Attributes) -> AccountStatus {
    attributes.status(&domain(), NOW)
}

#[test]
fn file_times_are_exact_and_special_values_are_kept_apart() {
    for (ticks, ms) in [
        (116_444_736_000_000_000, 0),
        (116_444_736_000_009_999, 0),
        (116_444_736_000_010_000, 1),
        (116_444_735_999_999_999, -1),
        (0, -11_644_473_600_000),
        (133_604_736_000_000_000, 1_716_000_000_000),
    ] {
        assert_eq!(FileTime(ticks).to_unix(), UnixMillis(ms), "{ticks}");
    }
    assert_eq!(FileTime::from_unix(NOW), FileTime(133_604_736_000_000_000));
    assert_eq!(FileTime::from_unix(UnixMillis(i64::MAX)), FileTime::NEVER);
    assert_eq!(FileTime::NEVER, FileTime(0x7FFF_FFFF_FFFF_FFFF));
    assert_eq!(FileTime::NEVER.to_string(), "never");
    assert_eq!(
        FileTime(116_444_736_000_000_000).to_string(),
        "1970-01-01T00:00:00.000Z"
    );
    for (interval, ticks) in [
        (0, None),
        (i64::MIN, None),
        (5, None),
        (-1, Some(1)),
        (i64::MIN + 1, Some(i128::from(i64::MAX))),
    ] {
        assert_eq!(Interval(interval).ticks(), ticks);
    }
}

#[test]
fn each_reason_alone_is_told() {
    let with = |change: fn(&mut Attributes)| {
        let mut attributes = good();
        change(&mut attributes);
        status(attributes)
    };
    assert_eq!(status(good()), AccountStatus::Active);
    assert_eq!(
        with(|a| a.flags.0 |= AccountFlags::DISABLED),
        AccountStatus::Disabled
    );
    assert_eq!(
        with(|a| a.lockout_time = FileTime(now() - 1)),
        AccountStatus::Locked
    );
    assert_eq!(
        with(|a| a.account_expires = FileTime(now())),
        AccountStatus::Expired
    );
    assert_eq!(
        with(|a| a.password_last_set = FileTime::ZERO),
        AccountStatus::MustChangePassword
    );
    assert_eq!(
        with(|a| a.password_last_set = FileTime(now() - 43 * DAY)),
        AccountStatus::PasswordExpired
    );
}

#[test]
fn special_values_and_edges() {
    let lock = Attributes {
        lockout_time: FileTime(now() - 18_000_000_000),
        ..good()
    };
    assert_eq!(
        status(lock),
        AccountStatus::Locked,
        "the last moment of the lock"
    );
    let over = Attributes {
        lockout_time: FileTime(now() - 18_000_000_001),
        ..good()
    };
    assert_eq!(status(over), AccountStatus::Active);
    assert_eq!(
        over.status(&DomainRules::default(), NOW),
        AccountStatus::Locked,
        "until unlocked"
    );
    let ahead = Attributes {
        lockout_time: FileTime(now() + DAY),
        ..good()
    };
    assert_eq!(status(ahead), AccountStatus::Locked);

    for (expires, expected) in [
        (FileTime::ZERO, AccountStatus::Active),
        (FileTime::NEVER, AccountStatus::Active),
        (FileTime(i64::MAX - 1), AccountStatus::Active),
        (FileTime(1), AccountStatus::Expired),
        (FileTime(now()), AccountStatus::Expired),
        (FileTime(now() + 1), AccountStatus::Active),
    ] {
        assert_eq!(
            status(Attributes {
                account_expires: expires,
                ..good()
            }),
            expected,
            "{expires}"
        );
    }

    let old = Attributes {
        password_last_set: FileTime(now() - 42 * DAY),
        ..good()
    };
    assert_eq!(
        status(old),
        AccountStatus::Active,
        "not older than the domain allows"
    );
    assert_eq!(
        old.status(&DomainRules::default(), NOW),
        AccountStatus::Active
    );
    let group = |expires| {
        status(Attributes {
            password_expires: Some(FileTime(expires)),
            ..good()
        })
    };
    assert_eq!(group(now()), AccountStatus::PasswordExpired);
    assert_eq!(group(now() + 1), AccountStatus::Active);
    assert_eq!(group(i64::MAX), AccountStatus::Active);
}

#[test]
fn flags_that_exempt_from_expiry_do_so_and_nothing_else() {
    for flag in [
        AccountFlags::PASSWORD_NEVER_EXPIRES,
        AccountFlags::SMARTCARD_REQUIRED,
        0x800,
        0x1000,
        0x2000,
    ] {
        let exempt = Attributes {
            flags: AccountFlags(AccountFlags::NORMAL | flag),
            ..good()
        };
        for password_last_set in [FileTime::ZERO, FileTime(1)] {
            assert_eq!(
                status(Attributes {
                    password_last_set,
                    ..exempt
                }),
                AccountStatus::Active,
                "{flag:#x}"
            );
        }
        let expired = Attributes {
            account_expires: FileTime(1),
            ..exempt
        };
        assert_eq!(status(expired), AccountStatus::Expired);
    }
}

#[test]
fn what_the_directory_computed_counts_over_what_we_could_compute() {
    let says = |computed, attributes| {
        status(Attributes {
            computed: Some(AccountFlags(computed)),
            ..attributes
        })
    };
    let locked = Attributes {
        lockout_time: FileTime(now()),
        ..good()
    };
    let old = Attributes {
        password_last_set: FileTime(now() - 100 * DAY),
        ..good()
    };
    assert_eq!(says(0, locked), AccountStatus::Active);
    assert_eq!(says(AccountFlags::LOCKED, good()), AccountStatus::Locked);
    assert_eq!(says(0, old), AccountStatus::Active);
    assert_eq!(
        says(AccountFlags::PASSWORD_EXPIRED, good()),
        AccountStatus::PasswordExpired
    );
    let unread = Attributes {
        password_last_set: FileTime::ZERO,
        ..good()
    };
    assert_eq!(
        says(0, unread),
        AccountStatus::Active,
        "it could not be read"
    );
    assert_eq!(
        says(AccountFlags::PASSWORD_EXPIRED, unread),
        AccountStatus::MustChangePassword
    );
    // The same bits in userAccountControl itself are not kept up to date.
    let stale =
        AccountFlags(AccountFlags::NORMAL | AccountFlags::LOCKED | AccountFlags::PASSWORD_EXPIRED);
    assert_eq!(
        status(Attributes {
            flags: stale,
            ..good()
        }),
        AccountStatus::Active
    );
}

/// Every combination of the reasons, each by every way in which the directory can say it.
#[test]
fn of_several_reasons_the_first_counts() {
    let mut seen = 0;
    for bits in 0..32u32 {
        for by_computed in [false, true] {
            let has = |bit: u32| bits & (1 << bit) != 0;
            let (disabled, locked, expired, must_change, old) =
                (has(0), has(1), has(2), has(3), has(4));
            let mut attributes = good();
            let mut computed = 0;
            if disabled {
                attributes.flags.0 |= AccountFlags::DISABLED;
            }
            if locked {
                attributes.lockout_time = FileTime(now() - 1);
                computed |= AccountFlags::LOCKED;
            }
            if expired {
                attributes.account_expires = FileTime(now() - 1);
            }
            if old {
                attributes.password_last_set = FileTime(now() - 50 * DAY);
                computed |= AccountFlags::PASSWORD_EXPIRED;
            }
            if must_change {
                attributes.password_last_set = FileTime::ZERO;
                computed |= AccountFlags::PASSWORD_EXPIRED;
            }
            attributes.computed = by_computed.then_some(AccountFlags(computed));
            let reasons = [
                (disabled, AccountStatus::Disabled),
                (locked, AccountStatus::Locked),
                (expired, AccountStatus::Expired),
                (must_change, AccountStatus::MustChangePassword),
                (old, AccountStatus::PasswordExpired),
                (true, AccountStatus::Active),
            ];
            let first = reasons
                .into_iter()
                .filter(|(applies, _)| *applies)
                .map(|(_, s)| s)
                .min();
            assert_eq!(Some(status(attributes)), first, "{bits:05b} {by_computed}");
            seen += 1;
        }
    }
    assert_eq!(seen, 64);
}

#[test]
fn statuses_are_told_apart_and_have_their_codes() {
    let codes = AccountStatus::ALL.map(|status| status.status().code());
    assert_eq!(codes, [6010, 6012, 6013, 6014, 6015, 6015, 6016, 0]);
    let names: std::collections::HashSet<_> = AccountStatus::ALL.iter().map(|s| s.name()).collect();
    let sentences: std::collections::HashSet<_> =
        AccountStatus::ALL.iter().map(|s| s.sentence()).collect();
    assert_eq!((names.len(), sentences.len()), (8, 8));
    assert!(AccountStatus::ALL.is_sorted());
    let headings = AccountStatus::ALL.map(AccountStatus::connect_heading);
    let account = Some("Cannot log in using this account");
    let password = Some("Password has expired");
    assert_eq!(
        headings,
        [
            account, account, account, account, password, password, account, None
        ]
    );
    for status in AccountStatus::ALL {
        assert_eq!(
            status.status() == Status::SUCCESS,
            status == AccountStatus::Active
        );
        assert_eq!(
            status.user_can_help(),
            status.status() == Status::PASSWORD_EXPIRED
        );
    }
}

#[test]
fn attributes_are_read_as_ldap_writes_them() {
    let read = Attributes::parse([
        ("USERACCOUNTCONTROL", "-2147483136"),
        ("msds-user-account-control-computed", "8388624"),
        ("lockoutTime", "0"),
        ("accountExpires", "9223372036854775807"),
        ("pwdLastSet", "133500000000000000"),
        ("msDS-UserPasswordExpiryTimeComputed", "0"),
        ("cn", "Ada"),
        ("memberOf", "x"),
        ("memberOf", "y"),
    ])
    .unwrap();
    assert_eq!(
        read,
        Attributes {
            flags: AccountFlags(0x8000_0200),
            computed: Some(AccountFlags(0x80_0010)),
            lockout_time: FileTime::ZERO,
            account_expires: FileTime::NEVER,
            password_last_set: FileTime(133_500_000_000_000_000),
            password_expires: Some(FileTime::ZERO),
        }
    );
    assert_eq!(Attributes::NAMES.len(), 6);
}

#[test]
fn an_entry_that_says_nothing_reliable_is_refused() {
    for (entry, error) in [
        (
            &[("accountExpires", "0")][..],
            "userAccountControl is missing; the searching account must be allowed to read it",
        ),
        (
            &[("userAccountControl", "512"), ("UserAccountControl", "512")],
            "userAccountControl is there twice; it has one value",
        ),
        (
            &[("userAccountControl", "")],
            "userAccountControl is \"\"; it must be a whole number of 32 bits",
        ),
        (
            &[("userAccountControl", "4294967296")],
            "userAccountControl is \"4294967296\"; it must be a whole number of 32 bits",
        ),
        (
            &[("userAccountControl", "-2147483649")],
            "userAccountControl is \"-2147483649\"; it must be a whole number of 32 bits",
        ),
        (
            &[("userAccountControl", "0x200")],
            "userAccountControl is \"0x200\"; it must be a whole number of 32 bits",
        ),
        (
            &[("userAccountControl", "512"), ("pwdLastSet", "-1")],
            "pwdLastSet is \"-1\"; it must be a whole number from 0 to 9223372036854775807",
        ),
        (
            &[
                ("userAccountControl", "512"),
                ("lockoutTime", "9223372036854775808"),
            ],
            "lockoutTime is \"9223372036854775808\"; it must be a whole number from 0 to 9223372036854775807",
        ),
        (
            &[("userAccountControl", "512"), ("accountExpires", "+1")],
            "accountExpires is \"+1\"; it must be a whole number from 0 to 9223372036854775807",
        ),
    ] {
        let found = Attributes::parse(entry.iter().copied()).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

/// Times that mean something, and times around now.
fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => Just(0),
        2 => Just(i64::MAX),
        4 => (-60 * DAY..60 * DAY).prop_map(|ticks| now() + ticks),
        1 => 0..=i64::MAX,
    ]
}

fn any_interval() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(i64::MIN),
        (1..60 * DAY).prop_map(|ticks| -ticks),
        any::<i64>()
    ]
}

proptest! {
    #[test]
    fn agrees_with_the_directorys_own_rules(
        flags in any::<u32>(),
        times in [any_time(), any_time(), any_time()],
        intervals in [any_interval(), any_interval()],
    ) {
        // MS-ADTS 3.1.1.4.5.17, in numbers that do not overflow.
        let wide = i128::from;
        let (st, [lockout, expires, set]) = (wide(now()), times.map(i128::from));
        let trust = flags & 0x3800 != 0;
        let d = intervals[0];
        let locked = !trust && lockout != 0 && (d >= 0 || st + wide(d) <= lockout);
        let exempt = trust || flags & 0x5_0000 != 0;
        let age = intervals[1];
        let too_old = age < 0 && age != i64::MIN && st - set > -wide(age);
        let expected = if flags & 2 != 0 {
            AccountStatus::Disabled
        } else if locked {
            AccountStatus::Locked
        } else if expires != 0 && expires != wide(i64::MAX) && expires <= st {
            AccountStatus::Expired
        } else if !exempt && set == 0 {
            AccountStatus::MustChangePassword
        } else if !exempt && too_old {
            AccountStatus::PasswordExpired
        } else {
            AccountStatus::Active
        };
        let text = times.map(|time| time.to_string());
        let attributes = Attributes::parse([
            ("userAccountControl", flags.to_string().as_str()),
            ("lockoutTime", &text[0]),
            ("accountExpires", &text[1]),
            ("pwdLastSet", &text[2]),
        ])
        .unwrap();
        let rules = DomainRules { lockout_duration: Interval(intervals[0]), max_password_age: Interval(intervals[1]) };
        prop_assert_eq!(attributes.status(&rules, NOW), expected);
    }

    #[test]
    fn file_times_and_moments_agree(ms in -11_644_473_600_000..900_000_000_000_000i64, ticks in 0..10_000i64) {
        let at = FileTime::from_unix(UnixMillis(ms));
        prop_assert_eq!(at.to_unix(), UnixMillis(ms));
        prop_assert_eq!(FileTime(at.0 + ticks).to_unix(), UnixMillis(ms));
    }

    #[test]
    fn any_numbers_and_times_are_judged(
        flags in any::<u32>(),
        computed in prop::option::of(any::<u32>()),
        times in any::<[i64; 4]>(),
        intervals in any::<[i64; 2]>(),
        now in any::<i64>(),
    ) {
        let attributes = Attributes {
            flags: AccountFlags(flags),
            computed: computed.map(AccountFlags),
            lockout_time: FileTime(times[0]),
            account_expires: FileTime(times[1]),
            password_last_set: FileTime(times[2]),
            password_expires: Some(FileTime(times[3])),
        };
        let rules = DomainRules { lockout_duration: Interval(intervals[0]), max_password_age: Interval(intervals[1]) };
        let _ = attributes.status(&rules, UnixMillis(now));
        for time in times {
            let _ = FileTime(time).to_unix();
        }
    }

    #[test]
    fn any_entry_is_read_or_refused(
        entry in prop::collection::vec((prop::sample::select(Attributes::NAMES.to_vec()), "[0-9+x-]{0,22}"), 0..8),
    ) {
        let _ = Attributes::parse(entry.iter().map(|(name, value)| (*name, value.as_str())));
    }
}
