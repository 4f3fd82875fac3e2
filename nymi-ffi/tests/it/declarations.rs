//! What the header declares, read from its text.

/// Something that the header declares, with the lines of its comment.
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) comment: Vec<String>,
    pub(crate) declaration: String,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Function,
    Constant,
    Enum(Vec<Member>),
    Struct(Vec<Member>),
}

/// A field, or a constant of an enum.
pub(crate) struct Member {
    pub(crate) name: String,
    /// As it is declared, on one line, without `;` or `,`.
    pub(crate) declaration: String,
    pub(crate) comment: Vec<String>,
}

/// Every declaration of a header that cbindgen wrote, in its order.
pub(crate) fn items(header: &str) -> Vec<Item> {
    let lines: Vec<&str> = header.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at] != "/**" {
            at += 1;
            continue;
        }
        let (comment, next) = comment(&lines, at);
        let (item, next) = item(&lines, next, comment);
        found.push(item);
        at = next;
    }
    found
}

/// The comment that begins here, and the line after it.
fn comment(lines: &[&str], from: usize) -> (Vec<String>, usize) {
    let end = from
        + lines[from..]
            .iter()
            .position(|line| line.trim() == "*/")
            .unwrap();
    let text = lines[from + 1..end].iter().map(|line| {
        let line = line.trim_start().strip_prefix('*').unwrap();
        line.strip_prefix(' ').unwrap_or(line).to_owned()
    });
    (text.collect(), end + 1)
}

fn item(lines: &[&str], from: usize, comment: Vec<String>) -> (Item, usize) {
    let first = lines[from];
    let is_block = first.ends_with('{');
    let is_last = |line: &str| match is_block {
        true => line == "};",
        false => line.ends_with(';') || first.starts_with("#define"),
    };
    let end = from + lines[from..].iter().position(|line| is_last(line)).unwrap();
    let words: Vec<&str> = first.split_whitespace().collect();
    let (name, kind) = match words[0] {
        "#define" => (words[1].to_owned(), Kind::Constant),
        "enum" => (
            words[1].to_owned(),
            Kind::Enum(members(&lines[from + 1..end])),
        ),
        "struct" if is_block => (
            words[1].to_owned(),
            Kind::Struct(members(&lines[from + 1..end])),
        ),
        "struct" if words.len() == 2 => (
            words[1].trim_end_matches(';').to_owned(),
            Kind::Struct(Vec::new()),
        ),
        _ => {
            let before = first.split_once('(').unwrap().0;
            (
                before.rsplit([' ', '*']).next().unwrap().to_owned(),
                Kind::Function,
            )
        }
    };
    let declaration = lines[from..=end].join("\n");
    let item = Item {
        name,
        comment,
        declaration,
        kind,
    };
    (item, end + 1)
}

fn members(lines: &[&str]) -> Vec<Member> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        // One without a comment is found, too, so that a test can name it.
        let (comment, next) = match lines[at].trim() {
            "/**" => comment(lines, at),
            _ => (Vec::new(), at),
        };
        let declaration = lines[next].trim().trim_end_matches([';', ',']).to_owned();
        let name = match declaration.split_once("(*") {
            Some((_, behind)) => behind.split(')').next().unwrap().to_owned(),
            None => {
                let before = declaration.split(" = ").next().unwrap();
                before.rsplit([' ', '*']).next().unwrap().to_owned()
            }
        };
        found.push(Member {
            name,
            declaration,
            comment,
        });
        at = next + 1;
    }
    found
}

impl Item {
    /// What a program calls and gets: the names of the parameters of a function.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let (_, rest) = self.declaration.split_once('(').unwrap();
        let inside = rest.trim_end_matches(");");
        let names = inside.split(',').filter(|one| one.trim() != "void");
        let name = |one: &str| one.trim().rsplit([' ', '*']).next().unwrap().to_owned();
        names.map(name).collect()
    }

    /// The comment of a function in its parts.
    pub(crate) fn parts(&self) -> Parts {
        Parts::new(&self.comment)
    }
}

/// The parts of a function's comment.
#[derive(Default)]
pub(crate) struct Parts {
    /// What it does, in paragraphs.
    pub(crate) text: Vec<String>,
    /// What its arguments are, by name.
    pub(crate) arguments: Vec<(String, String)>,
    /// Title and text: "Ownership", "Threads", "Errors".
    pub(crate) sections: Vec<(String, String)>,
    /// Lines of C.
    pub(crate) example: Vec<String>,
}

const SECTIONS: [&str; 4] = ["Ownership and threads", "Ownership", "Threads", "Errors"];

impl Parts {
    fn new(comment: &[String]) -> Self {
        let mut parts = Self::default();
        let end = comment.iter().position(|line| line == "Example:");
        let (prose, example) = comment.split_at(end.unwrap_or(comment.len()));
        let code = example.iter().filter_map(|line| line.strip_prefix("    "));
        parts.example = code.map(str::to_owned).collect();
        for paragraph in prose.split(|line| line.is_empty()) {
            if paragraph
                .first()
                .is_some_and(|line| argument(line).is_some())
            {
                parts.add_arguments(paragraph);
            } else {
                parts.add_prose(&paragraph.join(" "));
            }
        }
        parts
    }

    /// Lines of a name, two spaces or more, and what it is; a line that begins with spaces goes on.
    fn add_arguments(&mut self, lines: &[String]) {
        for line in lines {
            match argument(line) {
                Some((name, text)) => self.arguments.push((name.to_owned(), text.to_owned())),
                None => {
                    let (_, text) = self.arguments.last_mut().unwrap();
                    text.push(' ');
                    text.push_str(line.trim());
                }
            }
        }
    }

    /// A paragraph, in which each section begins with its title.
    fn add_prose(&mut self, text: &str) {
        let is_word = |at: &usize| *at == 0 || text[..*at].ends_with(' ');
        let title = |at: usize| {
            let is_it = |title: &&str| text[at..].starts_with(&format!("{title}: "));
            SECTIONS.into_iter().find(is_it).map(|title| (at, title))
        };
        let starts = text.char_indices().map(|(at, _)| at).filter(is_word);
        let titles: Vec<(usize, &str)> = starts.filter_map(title).collect();
        let end = |index: usize| titles.get(index).map_or(text.len(), |(at, _)| *at);
        let own = text[..end(0)].trim();
        if !own.is_empty() {
            self.text.push(own.to_owned());
        }
        for (index, (at, title)) in titles.iter().enumerate() {
            let section = text[at + title.len() + 2..end(index + 1)].trim();
            self.sections
                .push(((*title).to_owned(), section.to_owned()));
        }
    }
}

/// Name and meaning, of a line that begins an argument.
fn argument(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.split_once("  ")?;
    let is_name = |word: &str| {
        let mut letters = word.chars();
        !word.is_empty() && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let are_names = name.split(", ").all(is_name);
    are_names.then(|| (name, text.trim()))
}
