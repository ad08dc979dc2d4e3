//! What a form sent without scripts came to: it stands in the address of the page it leads back to, as codes only, with a
//! proof that this very browser or session sent it. The server takes what has none out of an address before a page is made of it.

/// Of the endpoint the form was sent to.
pub const PATH: &str = "__path";
/// Its error, as server functions write it.
pub const ERROR: &str = "__err";
/// Its output as JSON, where there was none.
pub const DONE: &str = "__done";
/// That the server wrote the others for whoever reads them.
pub const PROOF: &str = "__proof";

/// Whether a parameter of an address belongs to such a result, and so to that one answer only.
#[must_use]
pub fn is_part(name: &str) -> bool {
    [PATH, ERROR, DONE, PROOF].contains(&name)
}
