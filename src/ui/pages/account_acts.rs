//! What an administrator does to an account as a whole: another role, lock, unlock, delete. Only what ends something
//! is vermilion, and asks first.

use leptos::prelude::*;

use crate::{
    api::{
        ApiError,
        admin::{Changed, DeleteUser, LockUser, SetRole, UnlockUser, UserRow},
        desk::RequirePasswordChange,
    },
    client::dom::go_to,
    domain::role::Role,
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, Outcome, on_success},
        components::{
            alert::{Alert, Tone},
            confirm::Confirm,
            message_field::MessageField,
        },
        locale::use_locale,
        paths,
        step_up::{StepUp, use_proved_act},
        texts,
    },
};

#[derive(Clone, Copy)]
pub struct AccountActs {
    role: Act<SetRole>,
    lock: Act<LockUser>,
    unlock: Act<UnlockUser>,
    require: Act<RequirePasswordChange>,
    delete: Act<DeleteUser>,
}

/// Makes the acts. In the routed page, as every act; `again` reads the page's content anew.
pub fn use_account_acts(question: StepUp, again: impl Fn() + Copy + 'static) -> AccountActs {
    let acts = AccountActs {
        role: use_proved_act(question),
        lock: use_proved_act(question),
        unlock: use_proved_act(question),
        require: use_proved_act(question),
        delete: use_proved_act(question),
    };
    on_success(acts.role, move |_| again());
    on_success(acts.lock, move |_| again());
    on_success(acts.unlock, move |_| again());
    on_success(acts.require, move |_| again());
    on_success(acts.delete, move |_| go_to(paths::USERS));
    acts
}

impl AccountActs {
    /// Has what they came to said in the page's slots.
    pub fn told_in(self, outcome: Outcome, l: Locale) -> Outcome {
        let or_same = move |changed: Changed, done: String| {
            if changed.changed { done } else { text!(l, user.unchanged).to_owned() }
        };
        outcome
            .follow(self.role, move |changed| or_same(changed, text!(l, user.role_done).to_owned()))
            .follow(self.lock, move |changed| or_same(changed, locked(l, changed.ended)))
            .follow(self.unlock, move |changed| or_same(changed, text!(l, user.unlock_done).to_owned()))
            .follow(self.require, move |changed| or_same(changed, required(l, changed.ended)))
            .follow(self.delete, move |_| text!(l, user.delete_done).to_owned())
    }
}

fn locked(l: Locale, ended: u64) -> String {
    match ended {
        0 => text!(l, user.lock_done).to_owned(),
        1 => text!(l, user.lock_done_single).to_owned(),
        count => text!(l, user.lock_done_many, count),
    }
}

fn required(l: Locale, ended: u64) -> String {
    match ended {
        0 => text!(l, user.require_done).to_owned(),
        1 => text!(l, user.require_done_single).to_owned(),
        count => text!(l, user.require_done_many, count),
    }
}

/// Where the page says what was refused.
#[component]
pub fn RefusalSlot(error: RwSignal<Option<ApiError>>) -> impl IntoView {
    let l = use_locale();
    let say = move |error| match error {
        ApiError::Conflict { .. } => text!(l, user.needs_admin).into(),
        other => texts::error(l, &other),
    };
    view! {
        <div class="slot" role="alert">
            {move || error.get().map(|error| view! { <Alert tone=Tone::Bad text=say(error) /> })}
        </div>
    }
}

/// What else bears on what can be done to an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It is that of the one who looks.
    pub own: bool,
    /// Another password is asked for already.
    pub password_due: bool,
    /// Sessions are kept account of, and end.
    pub kept: bool,
}

#[component]
pub fn ManageAccount(user: UserRow, standing: Standing, acts: AccountActs, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <section class="section" aria-labelledby="manage-title">
            <h2 class="section__title" id="manage-title">
                {text!(l, user.manage)}
            </h2>
            <RoleForm user=user.clone() act=acts.role page=page.clone() />
            {(!standing.password_due)
                .then(|| {
                    let kept = standing.kept;
                    view! { <RequireForm user=user.clone() kept act=acts.require page=page.clone() /> }
                })}
            {if standing.own {
                view! { <p class="section__note">{text!(l, user.manage_own)}</p> }.into_any()
            } else {
                view! {
                    {if user.locked {
                        view! { <UnlockForm user=user.clone() act=acts.unlock page=page.clone() /> }.into_any()
                    } else {
                        view! { <LockForm user=user.clone() act=acts.lock page=page.clone() /> }.into_any()
                    }}
                    <DeleteForm user act=acts.delete page />
                }
                    .into_any()
            }}
        </section>
    }
}

#[component]
fn RoleForm(user: UserRow, act: Act<SetRole>, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <ActForm act page class="form">
            <input type="hidden" name="user_id" value=user.id />
            <div class="field">
                <label class="field__label" for="role">
                    {text!(l, user.role)}
                </label>
                <select class="input" id="role" name="role" aria-describedby="role-hint">
                    {Role::ALL
                        .map(|role| {
                            view! {
                                <option value=role.as_str() selected=role == user.role>
                                    {texts::role(l, role)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                <p class="field__hint" id="role-hint">
                    {text!(l, user.role_hint)}
                </p>
            </div>
            <button class="button button--quiet" type="submit" disabled=move || act.pending().get()>
                {text!(l, user.role_submit)}
            </button>
        </ActForm>
    }
}

#[component]
fn LockForm(user: UserRow, act: Act<LockUser>, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <Confirm button=text!(l, user.lock) question=text!(l, user.lock_ask, name = user.display_name)>
            <ActForm act page class="form">
                <input type="hidden" name="user_id" value=user.id />
                <MessageField id="lock-message" />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.lock_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}

#[component]
fn RequireForm(user: UserRow, kept: bool, act: Act<RequirePasswordChange>, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <Confirm button=text!(l, user.require) question=text!(l, user.require_ask, name = user.display_name)>
            {(!kept).then(|| view! { <p>{text!(l, user.require_unkept)}</p> })}
            <ActForm act page class="form">
                <input type="hidden" name="user_id" value=user.id />
                {kept.then(|| view! { <MessageField id="require-message" /> })}
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.require_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}

#[component]
fn UnlockForm(user: UserRow, act: Act<UnlockUser>, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <ActForm act page class="form">
            <p>{text!(l, user.unlock_text)}</p>
            <input type="hidden" name="user_id" value=user.id />
            <button class="button button--quiet" type="submit" disabled=move || act.pending().get()>
                {text!(l, user.unlock)}
            </button>
        </ActForm>
    }
}

#[component]
fn DeleteForm(user: UserRow, act: Act<DeleteUser>, page: String) -> impl IntoView {
    let l = use_locale();
    view! {
        <Confirm button=text!(l, user.delete) question=text!(l, user.delete_ask, name = user.display_name)>
            <ActForm act page>
                <input type="hidden" name="user_id" value=user.id />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.delete_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}
