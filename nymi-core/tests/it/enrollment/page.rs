//! The table as a page to review.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;

const ROLES: [(Permissions, &str); 3] = [
    (Permissions::EnrollmentOnly, "E"),
    (Permissions::RegistrationOnly, "R"),
    (Permissions::EnrollmentAndRegistration, "E+R"),
];
const SELF_SERVICE: [(SelfService, &str); 3] = [
    (SelfService::Off, "off"),
    (SelfService::Own, "own"),
    (SelfService::Any, "any"),
];

fn users_active(active: UsersActive) -> &'static str {
    match active {
        UsersActive::None => "none",
        UsersActive::This => "this one",
        UsersActive::Another => "another",
    }
}

fn whose(association: Association) -> &'static str {
    use Origin::{Earlier, EnrolledHere, RegisteredHere};
    match association {
        Association::Unknown { .. } => "nobody's, unknown here",
        Association::Disconnected { .. } => "nobody's, disconnected here",
        Association::Own { origin, .. } => match origin {
            EnrolledHere => "own, enrolled here",
            RegisteredHere => "own, registered here",
            Earlier => "own, by an earlier enrollment",
        },
        Association::Others { origin, .. } => match origin {
            EnrolledHere => "another user's, enrolled here",
            RegisteredHere => "another user's, registered here",
            Earlier => "another user's, by an earlier enrollment",
        },
    }
}

fn variant(variant: Variant) -> &'static str {
    match variant {
        Variant::Plain => "without Seos",
        Variant::SeosImported => "Seos, imported",
        Variant::SeosUnknown => "Seos, not imported",
    }
}

fn cell(outcome: Outcome) -> String {
    let plan = match outcome {
        Outcome::Go(plan) => plan,
        Outcome::Refuse(reason) => return format!("no: {reason:?}"),
        Outcome::Prompt(prompt) => return format!("wait: {prompt:?}"),
        Outcome::Tap => return "tap".into(),
    };
    let kind = |kind| match kind {
        Kind::First => "",
        Kind::Again => " again",
        Kind::TakeOver => ", taking over",
    };
    let mut text = match plan.path {
        Path::Enroll(how) => format!("**enroll**{}", kind(how)),
        Path::Register(how) => format!("**register**{}", kind(how)),
        Path::LogIn => "**log in**".into(),
        Path::AuthenticateWithCredentials => "**authenticate**".into(),
    };
    if plan.replaces_active {
        text.push_str(", replacing");
    }
    if let Some(event) = plan.event() {
        write!(text, " ({})", event.id()).unwrap();
    }
    text
}

/// A row of a table: what it is about, and its cells.
struct Line {
    whose: Vec<&'static str>,
    active: Vec<&'static str>,
    variants: Vec<&'static str>,
    cells: Vec<String>,
}

fn add(list: &mut Vec<&'static str>, more: &[&'static str]) {
    for word in more {
        if !list.contains(word) {
            list.push(word);
        }
    }
}

/// Puts rows together that differ in one column alone and say the same.
fn merge(lines: Vec<Line>, by: impl Fn(&mut Line) -> &mut Vec<&'static str>) -> Vec<Line> {
    let mut merged: Vec<Line> = Vec::new();
    for mut line in lines {
        let mine = std::mem::take(by(&mut line));
        let twin = merged.iter_mut().find_map(|other| {
            let theirs = std::mem::take(by(other));
            let same = other.whose == line.whose
                && other.active == line.active
                && other.variants == line.variants
                && other.cells == line.cells;
            *by(other) = theirs;
            same.then_some(other)
        });
        match twin {
            Some(other) => add(by(other), &mine),
            None => {
                *by(&mut line) = mine;
                merged.push(line);
            }
        }
    }
    merged
}

fn words(list: &[&'static str], all: usize) -> String {
    if list.len() == all {
        "no matter".into()
    } else {
        list.join("; ")
    }
}

/// The table of a band's state at the first tap.
fn table(page: &mut String, band: BandState, corporate_credentials: bool) {
    let mut lines = Vec::new();
    for association in Association::all() {
        for kind in Variant::ALL {
            let mut cells = Vec::new();
            for (permissions, _) in ROLES {
                for (self_service, _) in SELF_SERVICE {
                    cells.push(cell(decide(&Situation {
                        rules: Rules {
                            permissions,
                            self_service,
                            corporate_credentials,
                        },
                        association,
                        variant: *kind,
                        band,
                        step: Step::FirstTap,
                    })));
                }
            }
            lines.push(Line {
                whose: vec![whose(association)],
                active: vec![users_active(association.users_active())],
                variants: vec![variant(*kind)],
                cells,
            });
        }
    }
    let lines = merge(lines, |line| &mut line.variants);
    let lines = merge(lines, |line| &mut line.active);
    let lines = merge(lines, |line| &mut line.whose);
    for line in &lines {
        writeln!(
            page,
            "- Band: {}. User's active band: {}. Variant: {}.",
            words(&line.whose, 8),
            words(&line.active, 3),
            words(&line.variants, 3)
        )
        .unwrap();
        let of_role = |role: usize| &line.cells[3 * role..3 * role + 3];
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (role, (_, name)) in ROLES.iter().enumerate() {
            let cells = of_role(role);
            let text = match cells {
                [a, b, c] if a == b && b == c => a.clone(),
                [a, b, c] if b == c => format!("off: {a}; own or any: {b}"),
                [a, b, c] if a == b => format!("off or own: {a}; any: {c}"),
                cells => format!("off: {}; own: {}; any: {}", cells[0], cells[1], cells[2]),
            };
            match said.iter_mut().find(|(other, _)| *other == text) {
                Some((_, roles)) => roles.push(name),
                None => said.push((text, vec![name])),
            }
        }
        for (text, roles) in said {
            writeln!(page, "  - {}: {text}", roles.join(", ")).unwrap();
        }
    }
    page.push('\n');
}

fn reasons(page: &mut String) {
    page.push_str(
        "## Refusals\n\n\
         | name | text, and what is said besides | event | status |\n\
         | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let event = reason
            .event()
            .map_or("none: no server to write it".into(), |event| {
                format!("{} {}", event.id(), event.text())
            });
        let hint = reason
            .hint()
            .map_or(String::new(), |hint| format!("<br>{hint}"));
        let status = reason.status().code();
        let message = reason.message();
        writeln!(
            page,
            "| `{reason:?}` | {message}{hint} | {event} | {status} |"
        )
        .unwrap();
    }
    page.push_str("\n## Prompts\n\n| name | text |\n| --- | --- |\n");
    for prompt in Prompt::ALL {
        writeln!(page, "| `{prompt:?}` | {} |", prompt.message()).unwrap();
    }
}

fn sign_in(page: &mut String) {
    let rules = |self_service, corporate_credentials| Rules {
        permissions: Permissions::EnrollmentAndRegistration,
        self_service,
        corporate_credentials,
    };
    page.push_str(
        "## Signing in\n\n\
         Wrong credentials end it (`WrongCredentials`), as does a server without the routes of the\n\
         application (`ServerTooOld`). Else, by the band that is near while the user signs in; the role\n\
         and the variant do not matter.\n\n\
         | band near | user's active band | self-service | directory credentials | then |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for band in BandState::ALL {
        let mut said: Vec<Line> = Vec::new();
        for association in Association::all() {
            if !matches!(
                association,
                Association::Own {
                    origin: Origin::EnrolledHere,
                    ..
                }
            ) {
                continue;
            }
            for (self_service, mode) in SELF_SERVICE {
                for (corporate, accepted) in [(false, "not accepted"), (true, "accepted")] {
                    let outcome = decide(&Situation {
                        rules: rules(self_service, corporate),
                        association,
                        variant: Variant::Plain,
                        band: *band,
                        step: Step::SignIn(SignIn::Accepted),
                    });
                    said.push(Line {
                        whose: vec![users_active(association.users_active())],
                        active: vec![mode],
                        variants: vec![accepted],
                        cells: vec![cell(outcome)],
                    });
                }
            }
        }
        let said = merge(said, |line| &mut line.variants);
        let said = merge(said, |line| &mut line.active);
        let said = merge(said, |line| &mut line.whose);
        for line in said {
            let (active, mode) = (words(&line.whose, 3), words(&line.active, 3));
            let (accepted, then) = (words(&line.variants, 2), &line.cells[0]);
            writeln!(
                page,
                "| {band:?} | {active} | {mode} | {accepted} | {then} |"
            )
            .unwrap();
        }
    }
    page.push('\n');
}

fn steps(page: &mut String) {
    page.push_str(
        "## The steps after the first tap\n\n\
         Each step is decided anew from the facts of the first tap, so that what is refused there is\n\
         refused for the same reason at each step. Where it is not:\n\n\
         | step | enrollment | registration | log-in, authentication |\n\
         | --- | --- | --- | --- |\n",
    );
    for step in Step::ALL {
        if step.is_sign_in() || *step == Step::FirstTap {
            continue;
        }
        let [enroll, register, log_in] = [
            Path::Enroll(Kind::First),
            Path::Register(Kind::First),
            Path::LogIn,
        ]
        .map(|path| steps_of(*step, path));
        writeln!(page, "| `{step:?}` | {enroll} | {register} | {log_in} |").unwrap();
    }
    page.push('\n');
}

fn step_cell(outcome: Outcome) -> String {
    match outcome {
        Outcome::Go(_) => "goes on".into(),
        other => cell(other),
    }
}

/// What a step says on the simplest situation with a path of that sort.
fn steps_of(step: Step, path: Path) -> String {
    let own = Association::Own {
        origin: Origin::EnrolledHere,
        active: UsersActive::This,
    };
    let new = Association::Unknown {
        user_has_another: false,
    };
    let (association, band) = match path {
        Path::Enroll(_) => (new, BandState::Unenrolled),
        Path::Register(_) => (new, BandState::Authenticated),
        Path::LogIn | Path::AuthenticateWithCredentials => (own, BandState::Authenticated),
    };
    step_cell(decide(&Situation {
        rules: Rules {
            permissions: Permissions::EnrollmentAndRegistration,
            self_service: SelfService::Off,
            corporate_credentials: false,
        },
        association,
        variant: Variant::Plain,
        band,
        step,
    }))
}

fn page() -> String {
    let mut page = format!(
        "# Decisions of enrollment and registration\n\n\
         Generated from `nymi_core::enrollment::decide`; `UPDATE_GENERATED=1 cargo test -p nymi-core`\n\
         writes it anew. It shows all {} situations; the tests walk through each of them.\n\n\
         **Roles** of the server: E enrollment only, R registration only, E+R both. **Self-service** of\n\
         the user's effective policy: off, own (the own band or one that is nobody's), any (also another\n\
         user's). A number in parentheses is the EventTypeID. *Again*: the band is the user's own, or the\n\
         user has another active one. *Taking over*: the other user's association ends. *Replacing*: the\n\
         user's other active band becomes inactive. *no*: refused, with a name from the table at the end.\n\n\
         An *earlier enrollment* is one before that which is on the band now: the NymiBandIDs differ.\n\n\
         ## The first tap\n\n",
        Situation::all().len()
    );
    let tables = [
        ("Unenrolled, or user data deleted", BandState::Wiped, false),
        ("Partly enrolled", BandState::Partly, false),
        ("Authenticated", BandState::Authenticated, false),
        (
            "Not authenticated or locked out, directory credentials not accepted",
            BandState::Unauthenticated,
            false,
        ),
        (
            "Not authenticated or locked out, directory credentials accepted",
            BandState::Unauthenticated,
            true,
        ),
    ];
    for (title, band, corporate_credentials) in tables {
        writeln!(page, "### {title}\n").unwrap();
        table(&mut page, band, corporate_credentials);
    }
    sign_in(&mut page);
    steps(&mut page);
    reasons(&mut page);
    page
}

#[test]
fn the_page_is_generated_from_the_decision() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/enrollment-decisions.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/enrollment-decisions.md differs from the decision; run with UPDATE_GENERATED=1"
    );
}

/// The page leaves facts out; they must not matter where it does.
#[test]
fn the_page_leaves_out_only_what_does_not_matter() {
    for situation in Situation::all() {
        let now = decide(&situation);
        let blank = [BandState::Unenrolled, BandState::Wiped, BandState::Partly];
        let is_sign_in = situation.step == Step::SignIn(SignIn::Accepted);
        if blank.contains(&situation.band) || is_sign_in && situation.band == BandState::Absent {
            let rules = Rules {
                corporate_credentials: false,
                ..situation.rules
            };
            assert_eq!(decide(&Situation { rules, ..situation }), now);
        }
        if let Outcome::Go(plan) = decide(&Situation {
            step: Step::FirstTap,
            ..situation
        }) && !situation.step.is_sign_in()
        {
            let line = steps_of(situation.step, plan.path);
            assert_eq!(step_cell(now), line, "{situation:?}");
        }
        if is_sign_in {
            let permissions = Permissions::EnrollmentAndRegistration;
            let plain = Situation {
                rules: Rules {
                    permissions,
                    ..situation.rules
                },
                association: Association::Own {
                    origin: Origin::EnrolledHere,
                    active: situation.association.users_active(),
                },
                variant: Variant::Plain,
                ..situation
            };
            assert_eq!(decide(&plain), now);
        }
    }
}
