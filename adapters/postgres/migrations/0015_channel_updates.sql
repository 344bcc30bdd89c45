-- Updates of channels that are polled, as they came: stored before they are acknowledged, handled after. The row of a
-- handled one stays for a while without its body, so that the same update is known when it comes again.
create table channel_updates (
  channel text not null,
  update_id bigint not null,
  body text,
  received_at timestamptz not null,
  handled_at timestamptz,
  primary key (channel, update_id)
);

create index channel_updates_pending on channel_updates (channel, update_id) where handled_at is null;

-- Who wrote a message first that its sender only passed on.
alter table inbox add column forwarded_from text;
