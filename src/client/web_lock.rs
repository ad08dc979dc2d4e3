//! The Web Locks API: one at a time over all tabs of this origin.
//!
//! Reached by reflection: web-sys has it only behind `web_sys_unstable_apis`, a compiler flag no library should ask for.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// Whether there are any: not for an insecure origin, nor in an old browser.
#[must_use]
pub fn exist() -> bool {
    locks().is_some()
}

/// Runs `work` while holding the lock `name`. `None` where there are no locks: not run then.
pub async fn hold<T, F, Fut>(name: &str, work: F) -> Option<T>
where
    T: 'static,
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
{
    let result = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&result);
    let work = move || -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            let done = work().await;
            slot.borrow_mut().replace(done);
        })
    };
    JsFuture::from(request(name, Box::new(work))?).await.ok()?;
    result.borrow_mut().take()
}

/// A promise that settles when the lock is free again.
fn request(name: &str, work: Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>>>) -> Option<Promise> {
    let locks = locks()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into::<Function>().ok()?;
    let granted = Closure::once_into_js(move |_lock: JsValue| -> JsValue {
        // The lock is held until this promise settles.
        let held = future_to_promise(async move {
            work().await;
            Ok(JsValue::UNDEFINED)
        });
        held.into()
    });
    request.call2(&locks, &name.into(), &granted).ok()?.dyn_into().ok()
}

fn locks() -> Option<JsValue> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    (!locks.is_undefined()).then_some(locks)
}
