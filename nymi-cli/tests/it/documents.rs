//! The documents of the repository: their links lead somewhere, and the threat model names what exists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the repository")
}

/// Every Markdown file, without what was built or installed.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && !name.starts_with('.') && !["target", "node_modules"].contains(&&*name)
        {
            documents(&path, found);
        } else if kind.is_file() && name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The lines outside fenced code, each without its code spans.
fn prose(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push(line.split('`').step_by(2).collect::<Vec<_>>().join("`"));
        }
    }
    lines
}

/// Targets of `[text](target)` and of definitions `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    if let Some((_, target)) = definition {
        return vec![target.trim().to_owned()];
    }
    let inline = line.split("](").skip(1);
    let target = |rest: &str| rest.split([')', ' ']).next().map(str::to_owned);
    inline.filter_map(target).collect()
}

/// The anchors of a document as code hosts make them: of headings, numbered where one occurs again.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if fenced || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = seen.entry(slug.clone()).or_default();
        anchors.push(if *again == 0 {
            slug.clone()
        } else {
            format!("{slug}-{again}")
        });
        *again += 1;
    }
    anchors
}

/// What is wrong with a link of this document.
fn fault(document: &Path, text: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => document.to_owned(),
        _ => document.parent().expect("a folder").join(file),
    };
    if !path.exists() {
        return Some(format!("{target}: no such file"));
    }
    let linked = match file {
        "" => text.to_owned(),
        _ if anchor.is_empty() => return None,
        _ => std::fs::read_to_string(&path).unwrap_or_default(),
    };
    let known = anchors(&linked).iter().any(|known| known == anchor);
    (!known).then(|| format!("{target}: no such heading"))
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    assert!(found.len() > 20, "{found:?}");
    let (mut checked, mut faults) = (0, Vec::new());
    for document in &found {
        let text = std::fs::read_to_string(document).expect("a document");
        for target in prose(&text).iter().flat_map(|line| targets(line)) {
            checked += 1;
            let fault = fault(document, &text, &target);
            faults.extend(fault.map(|fault| format!("{}: {fault}", document.display())));
        }
    }
    assert!(checked > 60, "only {checked} links were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let readme = root().join("README.md");
    let text =
        "# One\n## A `b`, c\n## One\n[x](#one-1) [y](#a-b-c)\n```\n[z](none)\n```\n`[w](none)`";
    let broken = |target: &str| fault(&readme, text, target).is_some();
    let all: Vec<String> = prose(text).iter().flat_map(|line| targets(line)).collect();
    assert_eq!(all, ["#one-1", "#a-b-c"]);
    assert!(!all.iter().any(|target| broken(target)));
    assert_eq!(targets("[name]: docs/none.md"), ["docs/none.md"]);
    assert!(!broken("docs/README.md#documentation") && !broken("https://example.com/none"));
    assert!(broken("docs/none.md") && broken("#two") && broken("docs/README.md#none"));
}

/// The code spans of a text.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a code span is meant as a path of this repository: a folder of it, and no placeholder.
fn is_path(span: &str) -> bool {
    let folders = [
        "docs/",
        "examples/",
        "fuzz/",
        "include/",
        "nymi-",
        "packaging/",
        "tests/",
    ];
    folders.iter().any(|folder| span.starts_with(folder))
        && span.contains('/')
        && span
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
}

#[test]
fn paths_in_code_spans_exist() {
    let (root, mut found) = (root(), Vec::new());
    documents(&root, &mut found);
    let (mut checked, mut faults) = (0, Vec::new());
    for document in &found {
        let text = std::fs::read_to_string(document).expect("a document");
        let unfenced: String = text.split("```").step_by(2).collect();
        let paths = spans(&unfenced).filter(|span| is_path(span));
        for path in paths {
            checked += 1;
            if !root.join(path).exists() {
                faults.push(format!("{}: {path} does not exist", document.display()));
            }
        }
    }
    assert!(checked > 50, "only {checked} paths were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether the source has a test of this name: a function right below an attribute that makes it one.
pub(crate) fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let function = format!("fn {name}(");
    let Some(at) = lines.iter().position(|line| {
        line.strip_prefix("async ")
            .unwrap_or(line)
            .starts_with(&function)
    }) else {
        return false;
    };
    let above = lines[..at].iter().rev();
    let attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    attributes
        .into_iter()
        .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[test]
fn the_threat_model_names_code_and_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/threat-model.md")).expect("the page");
    let threats: Vec<&str> = page.split("\n### ").skip(1).collect();
    assert!(threats.len() > 15);
    let mut faults = Vec::new();
    for threat in threats {
        let threat = threat.split("\n## ").next().unwrap_or(threat);
        let title = threat.lines().next().unwrap_or_default();
        for part in ["\n- Done: ", "\n- Code: ", "\n- Shown by:", "\n- Remains: "] {
            if !threat.contains(part) {
                faults.push(format!("{title}: without \"{}\"", part.trim()));
            }
        }
        let (code, tests): (Vec<&str>, Vec<&str>) = spans(threat)
            .filter(|span| span.contains(".rs"))
            .partition(|span| !span.contains('#'));
        if code.is_empty() || tests.is_empty() {
            faults.push(format!("{title}: no code, or no test"));
        }
        let absent = code.iter().filter(|path| !root().join(path).is_file());
        faults.extend(absent.map(|path| format!("{title}: {path} does not exist")));
        for test in tests {
            let (file, name) = test.split_once('#').unwrap_or((test, ""));
            let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            if !has_test(&source, name) {
                faults.push(format!("{title}: {test} does not exist"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_a_test_counts_as_one() {
    let source =
        "#[test]\nfn one() {}\n\nfn two() {}\n/// Text.\n#[tokio::test]\nasync fn three() {}";
    let found = ["one", "two", "three", "four"].map(|name| has_test(source, name));
    assert_eq!(found, [true, false, true, false]);
}
