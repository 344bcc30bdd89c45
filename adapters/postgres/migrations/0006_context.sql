-- What older messages of a conversation came to, up to and including one of them; the newest counts.
create table summaries (
  conversation_id text not null references conversations,
  up_to bigint not null,
  facts json not null,
  story text not null,
  model text not null,
  at timestamptz not null,
  primary key (conversation_id, up_to)
);

-- Finds older messages by their words.
create index messages_by_word on messages using gin (to_tsvector('simple', text));

-- Model calls of turns exactly as they were made, for people who look into a run; only the newest are kept.
create table turn_exchanges (
  sequence bigint primary key generated always as identity,
  turn_id text not null,
  at timestamptz not null,
  duration_ms integer not null,
  prompt json not null,
  answer json not null
);

create index turn_exchanges_by_turn on turn_exchanges (turn_id, sequence);
