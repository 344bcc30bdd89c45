-- Jobs that start by themselves. Schedule numbers are what follows "S-" in a schedule's id; an ended one is kept.
create sequence schedule_numbers as bigint;

create table schedules (
  number bigint primary key,
  conversation_id text not null references conversations,
  turn_id text not null,
  title text not null,
  goal text not null,
  -- Either a cron expression or one moment.
  cron text,
  once_at timestamptz,
  time_zone text not null,
  origin json not null,
  maker_channel text not null,
  maker_id text not null,
  task bigint references tasks,
  -- What asked for it: a request that is made twice makes one schedule.
  request text not null unique,
  state text not null check (state in ('active', 'paused', 'ended')),
  next_at timestamptz,
  last_at timestamptz,
  last_task bigint references tasks,
  skips integer not null,
  created_at timestamptz not null,
  version bigint not null,
  check ((cron is null) <> (once_at is null)),
  check ((state = 'active') = (next_at is not null))
);

create index schedules_next on schedules (next_at) where state = 'active';
