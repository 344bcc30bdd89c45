-- What is kept back in the owner's quiet hours: no head of its conversation, so what answers people goes past it.
alter table outbox drop constraint outbox_state_check;
alter table outbox add constraint outbox_state_check
  check (state in ('pending', 'held', 'sending', 'sent', 'refused'));
create index outbox_held on outbox (sequence) where state = 'held';
