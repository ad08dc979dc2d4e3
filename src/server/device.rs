//! What a user agent says of its device. The parser is a library's; the words are ours.

use woothee::parser::Parser;

use crate::domain::device_label::{DeviceForm, DeviceLabel};

/// As much of a user agent as is kept.
pub const LONGEST_USER_AGENT: usize = 512;

/// Kept behind the user agent of an iPad that calls itself a Macintosh, as a comment (RFC 9110 §10.1.5).
const TOUCH: &str = " (touch)";

/// What is kept of a user agent whose browser has said by its script that it has a touch screen.
#[must_use]
pub fn with_touch(user_agent: String) -> String {
    if user_agent.contains("Macintosh") { user_agent + TOUCH } else { user_agent }
}

#[must_use]
pub fn label(user_agent: &str) -> DeviceLabel {
    let Some(parsed) = Parser::new().parse(user_agent) else { return DeviceLabel::default() };
    let known = |text: &str| (text != "UNKNOWN" && !text.is_empty()).then(|| text.to_owned());
    // No Macintosh has a touch screen.
    let os = if parsed.os == "Mac OSX" && user_agent.ends_with(TOUCH) { "iPad" } else { parsed.os };
    let system = match os {
        "Mac OSX" => Some("macOS".to_owned()),
        os if os.starts_with("Windows") && parsed.category == "pc" => Some("Windows".to_owned()),
        os => known(os),
    };
    let form = match (parsed.category, os) {
        (_, "iPad") => DeviceForm::Tablet,
        ("pc", _) => DeviceForm::Desktop,
        ("smartphone" | "mobilephone", _) => DeviceForm::Phone,
        _ => DeviceForm::Other,
    };
    let browser = if user_agent.contains("Edg/") { Some("Edge".to_owned()) } else { known(parsed.name) };
    DeviceLabel { browser, system, form }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_named_as_people_know_them() {
        for (user_agent, browser, system, form) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox",
                "Linux",
                DeviceForm::Desktop,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome",
                "Windows",
                DeviceForm::Desktop,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge",
                "Windows",
                DeviceForm::Desktop,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari",
                "iPhone",
                DeviceForm::Phone,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari",
                "macOS",
                DeviceForm::Desktop,
            ),
        ] {
            let label = label(user_agent);
            assert_eq!(
                (label.browser.as_deref(), label.system.as_deref(), label.form),
                (Some(browser), Some(system), form)
            );
        }
    }

    #[test]
    fn a_macintosh_with_a_touch_screen_is_an_ipad() {
        let macintosh = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
        let ipad = DeviceLabel {
            browser: Some("Safari".to_owned()),
            system: Some("iPad".to_owned()),
            form: DeviceForm::Tablet,
        };
        assert_eq!(label(&with_touch(macintosh.to_owned())), ipad);
        let laptop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(with_touch(laptop.to_owned()), laptop, "other systems say what they are");
    }

    #[test]
    fn an_unknown_agent_has_no_name() {
        assert_eq!(label(""), DeviceLabel::default());
        assert_eq!(label("\u{0}\u{202e}<script>").browser, None);
    }
}
