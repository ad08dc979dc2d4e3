//! A sign-in that waits for a place: which device gives its own? The password was right; nobody else gets to see this.

use leptos::{either::EitherOf3, prelude::*, server_fn::ServerFn};
use leptos_router::components::Redirect;

use crate::{
    api::{
        ApiError,
        auth::{ChooseDevice, WaitingSignIn, choosable_devices},
        devices::Device,
    },
    client::dom::go_to,
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm, effect, on_success, use_act_by},
        components::{
            alert::ErrorSlot,
            page_title::PageTitle,
            pass::{Pass, PassFacts},
            states::{ErrorState, Loading},
        },
        fetch::Private,
        locale::use_locale,
        pages::{sign_in::arrive, sign_out::SignOutForm},
        paths, texts,
    },
};

#[component]
pub fn ChoosePage() -> impl IntoView {
    let l = use_locale();
    let waiting: Private<WaitingSignIn> = Resource::new_with_options(|| (), |()| choosable_devices(), false);
    // There is no session yet that could be renewed or end.
    let act = use_act_by(|choice: ChooseDevice| choice.run_on_client());
    on_success(act, arrive);
    effect(Box::new(move || match act.value().get().filter(|_| act.version().get() > 0) {
        Some(Err(ApiError::SignedOut { .. })) => go_to(paths::LOGIN),
        Some(Err(_)) => waiting.refetch(),
        Some(Ok(_)) | None => {}
    }));
    let error = Signal::derive(move || act.value().get().and_then(Result::err));
    view! {
        <PageTitle text=text!(l, choose.title) />
        <div class="page page--home">
            <ErrorSlot error />
            <Transition fallback=Loading>
                {move || {
                    waiting
                        .get()
                        .map(|answer| match answer {
                            Ok(waiting) => EitherOf3::A(view! { <Choice waiting act /> }),
                            Err(ApiError::SignedOut { .. }) => EitherOf3::B(view! { <Redirect path=paths::LOGIN /> }),
                            Err(error) => EitherOf3::C(view! { <ErrorState error /> }),
                        })
                }}
            </Transition>
        </div>
    }
}

#[component]
fn Choice(waiting: WaitingSignIn, act: Act<ChooseDevice>) -> impl IntoView {
    let l = use_locale();
    let WaitingSignIn { devices, max, room, server_now } = waiting;
    let lead = match max {
        _ if room => text!(l, choose.room).to_owned(),
        1 => text!(l, choose.lead_single).to_owned(),
        max => text!(l, choose.lead, max),
    };
    view! {
        <header class="page__head">
            <h1 tabindex="-1">{text!(l, choose.title)}</h1>
            <p class="page__lead">{lead}</p>
        </header>
        {room.then(|| view! { <GoOn act /> })}
        {(!room)
            .then(|| {
                view! {
                    <section class="section" aria-labelledby="devices-title">
                        <h2 class="section__title" id="devices-title">
                            {text!(l, choose.devices)}
                        </h2>
                        <ul class="passes">
                            {devices
                                .into_iter()
                                .map(|device| view! { <Candidate device now=server_now act /> })
                                .collect_view()}
                        </ul>
                    </section>
                }
            })}
        <SignOutForm label=text!(l, choose.cancel) button="button button--quiet" />
        <p class="page__foot">{text!(l, choose.explain)}</p>
    }
}

#[component]
fn Candidate(device: Device, now: i64, act: Act<ChooseDevice>) -> impl IntoView {
    let l = use_locale();
    let label = text!(l, choose.end_device, device = texts::device(l, &device.label));
    view! {
        <li>
            <Pass facts=PassFacts::of_device(&device, now)>
                <ActForm act page=paths::CHOOSE>
                    <input type="hidden" name="session_id" value=device.session_id />
                    <button
                        class="button button--danger-quiet"
                        type="submit"
                        aria-label=label
                        disabled=move || act.pending().get()
                    >
                        {text!(l, choose.end)}
                    </button>
                </ActForm>
            </Pass>
        </li>
    }
}

/// A device was signed out elsewhere meanwhile: none has to be here.
#[component]
fn GoOn(act: Act<ChooseDevice>) -> impl IntoView {
    let l = use_locale();
    view! {
        <ActForm act page=paths::CHOOSE>
            <button class="button button--primary" type="submit" disabled=move || act.pending().get()>
                {text!(l, choose.go_on)}
            </button>
        </ActForm>
    }
}
