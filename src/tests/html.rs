//! A page as a browser's tokenizer reads it (WHATWG HTML, section 13.2.5), for tests of what is in it.

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// What a document is made of, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Each tag with the names of its attributes.
    pub tags: Vec<String>,
    /// The values of attributes, as they are read.
    pub values: Vec<String>,
    /// What stands between two tags, scripts included.
    pub texts: Vec<String>,
    pub title: String,
}

impl Page {
    pub fn read(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        let mut page = Self::default();
        let (mut text, mut titled) = (String::new(), false);
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::String(piece) => text.push_str(&String::from_utf8_lossy(&piece.value)),
                Token::StartTag(tag) => {
                    page.end_of(&mut text, titled);
                    titled = *tag.name == b"title";
                    let names = tag.attributes.keys().map(|name| String::from_utf8_lossy(name).into_owned());
                    let all: Vec<String> =
                        [String::from_utf8_lossy(&tag.name).into_owned()].into_iter().chain(names).collect();
                    page.tags.push(all.join(" "));
                    page.values.extend(
                        tag.attributes.values().map(|value| String::from_utf8_lossy(&value.value).into_owned()),
                    );
                }
                Token::EndTag(tag) => {
                    page.end_of(&mut text, titled);
                    titled = false;
                    page.tags.push(format!("/{}", String::from_utf8_lossy(&tag.name)));
                }
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        page
    }

    /// Whether a text of the page or a value of an attribute holds this.
    pub fn shows(&self, text: &str) -> bool {
        self.texts.iter().chain(&self.values).any(|shown| shown.contains(text))
    }

    fn end_of(&mut self, text: &mut String, titled: bool) {
        if titled {
            self.title.clone_from(text);
        }
        self.texts.push(std::mem::take(text));
    }
}
