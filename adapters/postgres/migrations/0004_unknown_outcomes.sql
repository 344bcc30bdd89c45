-- Questions about effects of which nobody knows whether they happened, and their repetition on a person's word.

alter table approvals add column question text not null default 'permission' check (question in ('permission', 'outcome'));
alter table approvals alter column question drop default;
alter table approvals drop constraint approvals_state_check;
alter table approvals add constraint approvals_state_check
  check (state in ('pending', 'approved', 'confirmed', 'denied', 'expired', 'voided'));

-- Which repetition of its call a permit is for; each is used once. A settled use whose ok is null has an unknown outcome.
alter table permits add column retry integer not null default 0;
alter table permits alter column retry drop default;
alter table permit_uses add column retry integer not null default 0;
alter table permit_uses alter column retry drop default;
alter table permit_uses drop constraint permit_uses_digest_key;
alter table permit_uses add constraint permit_uses_once unique (digest, retry);
create index permit_uses_open on permit_uses (permit) where settled_at is null;
