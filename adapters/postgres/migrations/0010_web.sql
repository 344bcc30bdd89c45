-- What the web chat reads of the local channel's deliveries: pages of a conversation as it stands, and search.
--
-- key: a later event with the same key replaces the earlier one (a card, a title).
-- words: what search looks through.
-- position: where it stands among what is shown, which is the number of the first event with its key; null for what is
-- not shown in the conversation.
alter table channel_events
  add column key text,
  add column words text,
  add column position bigint;

-- Functions that read JSON refuse \u0000, which tools print: such an event stays readable and is not found by search.
update channel_events set
  key = case body::json ->> 'kind' when 'card' then body::json ->> 'key' end,
  words = case body::json ->> 'kind' when 'message' then body::json ->> 'markdown' end
where position('\u0000' in body) = 0;

update channel_events set position = coalesce(
  (select min(earlier.number) from channel_events earlier
    where earlier.conversation_id = channel_events.conversation_id and earlier.key = channel_events.key),
  channel_events.number
);

create index channel_events_by_position on channel_events (conversation_id, position, number) where position is not null;
create index channel_events_by_key on channel_events (conversation_id, key, number) where key is not null;
