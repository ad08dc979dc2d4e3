//! What a row of the audit log says, as the bytes that are sealed.

/// What a row says.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    pub id: &'a str,
    pub at: i64,
    pub action: &'a str,
    pub outcome: &'a str,
    pub actor: Option<&'a str>,
    pub target: Option<&'a str>,
    pub session: Option<&'a str>,
    pub address: Option<&'a str>,
    pub device: Option<&'a str>,
    pub request_id: Option<&'a str>,
    pub detail: Option<&'a str>,
}

impl Content<'_> {
    /// The bytes that are hashed: each text with its length before it, so that none can lend a letter to its neighbour, and
    /// what is absent told from what is empty.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = self.at.to_be_bytes().to_vec();
        let texts = [
            Some(self.id),
            Some(self.action),
            Some(self.outcome),
            self.actor,
            self.target,
            self.session,
            self.address,
            self.device,
            self.request_id,
            self.detail,
        ];
        for text in texts {
            bytes.push(u8::from(text.is_some()));
            let text = text.unwrap_or_default();
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Content<'_> = Content {
        id: "",
        at: 0,
        action: "",
        outcome: "",
        actor: None,
        target: None,
        session: None,
        address: None,
        device: None,
        request_id: None,
        detail: None,
    };

    #[test]
    fn no_field_can_lend_a_letter_to_its_neighbour_and_absent_is_not_empty() {
        let all = [
            NOTHING,
            Content { action: "ab", outcome: "c", ..NOTHING },
            Content { action: "a", outcome: "bc", ..NOTHING },
            // A text may hold what marks the next one.
            Content { action: "a\u{1}b", outcome: "c", ..NOTHING },
            Content { action: "a", outcome: "b\u{1}c", ..NOTHING },
            Content { actor: Some(""), ..NOTHING },
            Content { actor: Some("x"), ..NOTHING },
            Content { target: Some("x"), ..NOTHING },
            Content { at: 1, ..NOTHING },
        ];
        let mut bytes: Vec<_> = all.iter().map(Content::canonical).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), all.len());
    }
}
