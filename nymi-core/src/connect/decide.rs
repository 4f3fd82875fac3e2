use super::settings::{Application, Settings, UsernameField, process_name};
use super::url::PageUrl;

/// What the user reads for [`Decision::NotConfigured`] (guide 004, 7.20).
pub const NOT_CONFIGURED: &str =
    "Nymi Connect is not configured for this application. Contact your administrator.";

/// The window that has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its process, with or without `.exe`.
    pub process: &'a str,
    /// Its title.
    pub title: &'a str,
    /// The whole URL of the page, if it is a browser's. Not what an address bar shows of it, which
    /// may leave the scheme out.
    pub url: Option<&'a str>,
}

/// What is done with a tap while that window has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing, not even a message.
    Silent,
    /// Credentials are typed; the user name into such a field.
    Inject(UsernameField),
    /// The user is told that the application is not configured.
    NotConfigured,
}

impl Settings {
    /// What is done with a tap. Of several entries that match, the first counts.
    pub fn decide(&self, target: &Target<'_>) -> Decision {
        let process = process_name(target.process);
        if self.suppressed.iter().any(|entry| entry.process == process) {
            return Decision::Silent;
        }
        if !self.is_restricted() {
            return Decision::Inject(UsernameField::Text);
        }
        let title = target.title.to_lowercase();
        let page = target.url.and_then(PageUrl::parse);
        self.included
            .iter()
            .find(|entry| entry.matches(&process, &title, page.as_ref()))
            .map_or(Decision::NotConfigured, |entry| {
                Decision::Inject(entry.username_field)
            })
    }
}

impl Application {
    fn matches(&self, process: &str, title: &str, page: Option<&PageUrl<'_>>) -> bool {
        let process_fits = self.process.as_deref().is_none_or(|own| own == process);
        let title_fits = self
            .title
            .as_deref()
            .is_none_or(|part| title.contains(part));
        let url_fits = self
            .url
            .as_ref()
            .is_none_or(|pattern| page.is_some_and(|page| pattern.matches(page)));
        process_fits && title_fits && url_fits
    }
}
