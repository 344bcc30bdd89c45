-- How far each person has come on the tour of the first two minutes; step null once it is over.
create table tours (
  channel text not null,
  person text not null,
  conversation_id text not null references conversations,
  entry text not null,
  step text,
  at timestamptz not null,
  primary key (channel, person)
);
