-- Questions that a person sends back for a change.
alter table approvals drop constraint approvals_state_check;
alter table approvals add constraint approvals_state_check
  check (state in ('pending', 'approved', 'confirmed', 'denied', 'sent-back', 'expired', 'voided'));

-- Which message a person replies to.
create index outbox_by_reference on outbox (conversation_id, reference, sequence) where state = 'sent';
