//! What an administrator does to a webhook. Only what ends something is vermilion, and asks first.

use leptos::prelude::*;

use crate::{
    api::webhooks::{
        DeleteWebhook, ResendDelivery, RotateWebhook, SwitchWebhook, TestWebhook, UpdateWebhook, WebhookChanged,
        WebhookDetail, WebhookRow,
    },
    client::dom::go_to,
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, Outcome, on_success},
        components::{confirm::Confirm, webhook_fields::WebhookFields},
        locale::use_locale,
        paths,
        step_up::{StepUp, use_proved_act},
    },
};

#[derive(Clone, Copy)]
pub struct WebhookActs {
    update: Act<UpdateWebhook>,
    switch: Act<SwitchWebhook>,
    delete: Act<DeleteWebhook>,
    rotate: Act<RotateWebhook>,
    test: Act<TestWebhook>,
    pub resend: Act<ResendDelivery>,
}

/// Makes the acts. In the routed page, as every act; `again` reads the page's content anew, and `secret` is shown.
pub fn use_webhook_acts(
    question: StepUp,
    secret: RwSignal<Option<String>>,
    again: impl Fn() + Copy + 'static,
) -> WebhookActs {
    let acts = WebhookActs {
        update: use_proved_act(question),
        switch: use_proved_act(question),
        delete: use_proved_act(question),
        rotate: use_proved_act(question),
        test: use_proved_act(question),
        resend: use_proved_act(question),
    };
    on_success(acts.update, move |_| again());
    on_success(acts.switch, move |_| again());
    on_success(acts.delete, move |_| go_to(paths::WEBHOOKS));
    on_success(acts.rotate, move |made| {
        secret.set(made.secret);
        again();
    });
    on_success(acts.test, move |_| again());
    on_success(acts.resend, move |_| again());
    acts
}

impl WebhookActs {
    /// Has what they came to said in the page's slots.
    pub fn told_in(self, outcome: Outcome, l: Locale) -> Outcome {
        let or_same = move |changed: WebhookChanged| {
            let said = if changed.changed { text!(l, webhooks.saved) } else { text!(l, webhooks.unchanged) };
            said.to_owned()
        };
        outcome
            .follow(self.update, or_same)
            .follow(self.switch, or_same)
            .follow(self.delete, move |_| text!(l, webhooks.deleted).to_owned())
            .follow(self.rotate, move |_| text!(l, webhooks.rotated).to_owned())
            .follow(self.test, move |_| text!(l, webhooks.tested).to_owned())
            .follow(self.resend, move |_| text!(l, webhooks.resent).to_owned())
    }
}

/// Drawn anew only when the webhook itself is another: what is typed in it stays.
#[component]
pub fn Manage(detail: Memo<WebhookDetail>, acts: WebhookActs, page: String) -> impl IntoView {
    let l = use_locale();
    let webhook = Memo::new(move |_| {
        let webhook = detail.with(|detail| detail.webhook.clone());
        // What only tells of deliveries changes no form.
        WebhookRow { waiting: 0, delivered_at: None, ..webhook }
    });
    view! {
        <section class="section" aria-labelledby="manage-title">
            <h2 class="section__title" id="manage-title">
                {text!(l, webhooks.manage)}
            </h2>
            {move || view! { <Forms webhook=webhook.get() acts page=page.clone() /> }}
        </section>
    }
}

#[component]
fn Forms(webhook: WebhookRow, acts: WebhookActs, page: String) -> impl IntoView {
    let l = use_locale();
    let (id, page) = (StoredValue::new(webhook.id.clone()), StoredValue::new(page));
    let fields = webhook.clone();
    view! {
        {webhook
            .enabled
            .then(|| {
                view! {
                    <ActForm act=acts.test page=page.get_value() class="form">
                        <input type="hidden" name="webhook_id" value=id.get_value() />
                        <button class="button button--quiet" type="submit" disabled=move || acts.test.pending().get()>
                            {text!(l, webhooks.test)}
                        </button>
                    </ActForm>
                }
            })}
        <ActForm act=acts.update page=page.get_value() class="form">
            <input type="hidden" name="webhook_id" value=id.get_value() />
            <WebhookFields webhook=fields />
            <button class="button button--quiet" type="submit" disabled=move || acts.update.pending().get()>
                {text!(l, webhooks.save)}
            </button>
        </ActForm>
        <Switch webhook act=acts.switch page=page.get_value() />
        <Confirm button=text!(l, webhooks.rotate) question=text!(l, webhooks.rotate_ask).to_owned()>
            <ActForm act=acts.rotate page=page.get_value()>
                <input type="hidden" name="webhook_id" value=id.get_value() />
                <button class="button button--danger" type="submit" disabled=move || acts.rotate.pending().get()>
                    {text!(l, webhooks.rotate_confirm)}
                </button>
            </ActForm>
        </Confirm>
        <Confirm button=text!(l, webhooks.delete) question=text!(l, webhooks.delete_ask).to_owned()>
            <ActForm act=acts.delete page=page.get_value()>
                <input type="hidden" name="webhook_id" value=id.get_value() />
                <button class="button button--danger" type="submit" disabled=move || acts.delete.pending().get()>
                    {text!(l, webhooks.delete_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}

#[component]
fn Switch(webhook: WebhookRow, act: Act<SwitchWebhook>, page: String) -> impl IntoView {
    let l = use_locale();
    let WebhookRow { id, enabled, .. } = webhook;
    if !enabled {
        return view! {
            <ActForm act page class="form">
                <p>{text!(l, webhooks.switch_on_text)}</p>
                <input type="hidden" name="webhook_id" value=id />
                <input type="hidden" name="enabled" value="true" />
                <button class="button button--quiet" type="submit" disabled=move || act.pending().get()>
                    {text!(l, webhooks.switch_on)}
                </button>
            </ActForm>
        }
        .into_any();
    }
    view! {
        <Confirm button=text!(l, webhooks.switch_off) question=text!(l, webhooks.switch_off_ask).to_owned()>
            <ActForm act page>
                <input type="hidden" name="webhook_id" value=id />
                <input type="hidden" name="enabled" value="false" />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, webhooks.switch_off_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
    .into_any()
}
