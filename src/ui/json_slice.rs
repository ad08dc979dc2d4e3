//! JSON of a page's resources, read from bytes as replies of the server are: the reader of each type then exists once in
//! the browser's program and not twice.

use leptos::server::codee::{Decoder, Encoder};
use serde::{Serialize, de::DeserializeOwned};

#[derive(Clone, Copy, Debug)]
pub struct JsonSlice;

impl<T: Serialize> Encoder<T> for JsonSlice {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for JsonSlice {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
