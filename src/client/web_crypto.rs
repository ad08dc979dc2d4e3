//! The Web Cryptography API: AES-256-GCM under keys that no script can read back, and SHA-256.
//!
//! Declared here rather than taken from web-sys, whose types for it nothing else on the page needs. Everything is `None`
//! where a browser has none of it (an origin that is not secure).

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const AES_GCM: &str = "AES-GCM";
/// What GCM is made for (NIST SP 800-38D section 8.2.2).
const NONCE_BYTES: usize = 12;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(format: &str, key: &Object, name: &str, readable: bool, uses: &Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = encrypt)]
    fn encrypt(algorithm: &Object, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = decrypt)]
    fn decrypt(algorithm: &Object, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn digest(name: &str, data: &[u8]) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(bytes: &mut [u8]) -> Result<JsValue, JsValue>;
}

/// A key to encrypt and decrypt with, and nothing else.
#[derive(Clone)]
pub struct Key(JsValue);

impl Key {
    /// Takes 256 bits in base64url; the browser keeps them from then on.
    pub async fn import(base64url: &str) -> Option<Self> {
        let jwk = object(&[("kty", "oct".into()), ("k", base64url.into())])?;
        let uses = Array::of2(&"encrypt".into(), &"decrypt".into());
        settle(import_key("jwk", &jwk, AES_GCM, false, &uses)).await.map(Self)
    }

    /// Encrypts under a fresh nonce, which is the first of the two.
    pub async fn seal(&self, text: &[u8], bound_to: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut nonce = vec![0; NONCE_BYTES];
        fill_random(&mut nonce).ok()?;
        let sealed = settle(encrypt(&algorithm(&nonce, bound_to)?, &self.0, text)).await?;
        Some((nonce, bytes(&sealed)))
    }

    /// `None` for whatever wasn't sealed under this key, with this nonce and bound to this.
    pub async fn open(&self, nonce: &[u8], sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let text = settle(decrypt(&algorithm(nonce, bound_to)?, &self.0, sealed)).await?;
        Some(bytes(&text))
    }
}

pub async fn sha256(data: &[u8]) -> Option<Vec<u8>> {
    settle(digest("SHA-256", data)).await.map(|hash| bytes(&hash))
}

async fn settle(begun: Result<Promise, JsValue>) -> Option<JsValue> {
    JsFuture::from(begun.ok()?).await.ok()
}

fn algorithm(nonce: &[u8], bound_to: &[u8]) -> Option<Object> {
    let (nonce, bound_to) = (Uint8Array::from(nonce), Uint8Array::from(bound_to));
    object(&[("name", AES_GCM.into()), ("iv", nonce.into()), ("additionalData", bound_to.into())])
}

fn object(members: &[(&str, JsValue)]) -> Option<Object> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value).ok()?;
    }
    Some(object)
}

fn bytes(buffer: &JsValue) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}
