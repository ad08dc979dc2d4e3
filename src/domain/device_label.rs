//! What a device is called: "Firefox on Linux". Parsing the user agent is the server's business; this is what comes out.

use serde::{Deserialize, Serialize};

/// Browser family and system, without versions: the kind of device, stable over updates of either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceLabel {
    /// `None` where the user agent names no browser we know.
    pub browser: Option<String>,
    pub system: Option<String>,
    pub form: DeviceForm,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceForm {
    Desktop,
    Phone,
    Tablet,
    #[default]
    Other,
}

impl DeviceLabel {
    /// The kind of device as one comparable text, as the session row keeps it for the rotation contract.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("{}/{}", self.browser.as_deref().unwrap_or("?"), self.system.as_deref().unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_device_names_browser_and_system() {
        let label =
            DeviceLabel { browser: Some("Firefox".into()), system: Some("Linux".into()), form: DeviceForm::Desktop };
        assert_eq!(label.kind(), "Firefox/Linux");
        assert_eq!(DeviceLabel::default().kind(), "?/?");
    }
}
