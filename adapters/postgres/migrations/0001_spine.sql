-- The records of one tenant: conversations, tasks, effects, files, accounts.
--
-- JSON columns are of type json, not jsonb: jsonb refuses \u0000 and lone surrogates, which tools and models print,
-- and reorders keys. Task numbers are what follows "T-" in a task's id.

-- Coordinator lease ------------------------------------------------------------------------------------------------

create table coordinator_lease (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  holder text not null,
  taken_at timestamptz not null
);

insert into coordinator_lease (epoch, holder, taken_at) values (0, 'nobody', now());

-- Refuses (SQLSTATE RV001, detail "held current") when a newer coordinator has taken over, and keeps a newer
-- one from taking over until this transaction has ended.
create function hold_epoch(held bigint) returns void language plpgsql as $$
declare
  current_epoch bigint;
begin
  select epoch into current_epoch from coordinator_lease for share;
  if current_epoch <> held then
    raise exception 'coordinator epoch % was superseded by %', held, current_epoch
      using errcode = 'RV001', detail = held || ' ' || current_epoch;
  end if;
end
$$;

-- Conversations ----------------------------------------------------------------------------------------------------

create table conversations (
  id text primary key,
  channel text not null,
  external_id text not null,
  created_at timestamptz not null,
  unique (channel, external_id)
);

create table inbox (
  id text primary key,
  arrival bigint not null generated always as identity,
  conversation_id text not null references conversations,
  channel text not null,
  chat_external_id text not null,
  update_id text not null,
  sender_external_id text not null,
  sender_name text not null,
  lane text not null check (lane in ('command', 'turn')),
  text text not null,
  attachments json not null,
  tries integer not null default 0,
  received_at timestamptz not null,
  handled_at timestamptz,
  set_aside boolean not null default false,
  unique (channel, update_id)
);

create index inbox_pending on inbox (conversation_id, lane, arrival) where handled_at is null;

create table messages (
  sequence bigint primary key generated always as identity,
  conversation_id text not null references conversations,
  turn_id text,
  task bigint,
  role text not null check (role in ('user', 'assistant', 'event')),
  origin json not null,
  text text not null,
  attachments json not null,
  at timestamptz not null
);

create index messages_by_conversation on messages (conversation_id, sequence);

create table turn_rounds (
  turn_id text not null,
  round integer not null,
  text text not null,
  tool_calls json not null,
  results json not null,
  tasks json not null,
  primary key (turn_id, round)
);

create table outbox (
  id text primary key,
  sequence bigint not null generated always as identity,
  conversation_id text not null references conversations,
  channel text not null,
  chat_external_id text not null,
  content json not null,
  about json not null,
  reply_to text,
  urgency text not null check (urgency in ('answer', 'progress')),
  card_key text,
  state text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'refused')),
  -- A card that was read for delivery: its content stays, and newer content gets a row of its own.
  offered boolean not null default false,
  -- A delivery was begun before and nobody knows whether it arrived.
  may_have_arrived boolean not null default false,
  tries integer not null default 0,
  not_before timestamptz,
  began_at timestamptz,
  reference text,
  refusal text,
  created_at timestamptz not null,
  settled_at timestamptz
);

create index outbox_open on outbox (conversation_id, urgency, sequence) where state in ('pending', 'sending');
-- The one row of a card that nobody has read for delivery yet: newer content replaces it.
create unique index outbox_waiting_card on outbox (conversation_id, card_key)
  where card_key is not null and state = 'pending' and not offered;
create index outbox_sent_card on outbox (conversation_id, card_key, sequence)
  where card_key is not null and state = 'sent';

-- Each conversation's first open entry. Nothing overtakes it, also while it is being sent or postponed, so the order per
-- chat is kept; only answers go before progress ('answer' sorts before 'progress').
create view outbox_heads as
  select distinct on (conversation_id) *
    from outbox
   where state in ('pending', 'sending')
   order by conversation_id, urgency, sequence;

-- The heads that are due at a time; those whose sending began before lost_before and was never settled are due again. A
-- card is marked as offered in the same statement, and its content is what that marking returns: so newer content either
-- is in this row or gets a row of its own, and never goes into a row that is on its way. A function for its cached plan.
create function due_deliveries(due_at timestamptz, lost_before timestamptz, most integer)
returns table (
  id text, sequence bigint, conversation_id text, channel text, chat_external_id text, content json, about json,
  reply_to text, urgency text, card_key text, tries integer, uncertain boolean, edits text
) language plpgsql as $$
#variable_conflict use_column
begin
  return query
    with due as (
      select outbox_heads.*, may_have_arrived or state = 'sending' as uncertain
        from outbox_heads
       where case state when 'pending' then coalesce(not_before <= due_at, true) else began_at <= lost_before end
       order by sequence
       limit most
    ), offers as (
      update outbox set offered = true from due
       where outbox.id = due.id and outbox.card_key is not null and not outbox.offered
      returning outbox.id, outbox.content, outbox.about, outbox.reply_to
    )
    select due.id, due.sequence, due.conversation_id, due.channel, due.chat_external_id,
           coalesce(offers.content, due.content), coalesce(offers.about, due.about),
           coalesce(offers.reply_to, due.reply_to), due.urgency, due.card_key, due.tries, due.uncertain, sent.reference
      from due
      left join offers on offers.id = due.id
      left join lateral (
        select reference from outbox
         where conversation_id = due.conversation_id and card_key = due.card_key and state = 'sent'
         order by sequence desc
         limit 1
      ) sent on true
     order by due.sequence;
end
$$;

-- Marks an entry as being sent; false when it is not open. A fenced coordinator is stopped before it calls a channel.
create function mark_sending(entry text, held_epoch bigint, at timestamptz) returns boolean language plpgsql as $$
begin
  if held_epoch is not null then
    perform hold_epoch(held_epoch);
  end if;
  update outbox
     set state = 'sending', began_at = at, tries = tries + 1, offered = true,
         may_have_arrived = may_have_arrived or state = 'sending'
   where id = entry and state in ('pending', 'sending');
  return found;
end
$$;

-- Tasks ------------------------------------------------------------------------------------------------------------

create sequence task_numbers as bigint;

-- Room on each page, so that steps and lease renewals update rows in place (HOT).
create table tasks (
  number bigint primary key,
  conversation_id text not null references conversations,
  turn_id text not null,
  title text not null,
  goal text not null,
  origin json not null,
  capabilities json not null,
  state text not null check (
    state in ('queued', 'running', 'waiting', 'paused', 'succeeded', 'failed', 'cancelled', 'expired')
  ),
  waiting_for text check (waiting_for in ('approval', 'input', 'budget')),
  attempt integer not null,
  dispatch integer not null,
  enqueued boolean not null,
  crashes integer not null,
  lease_until timestamptz,
  priority integer not null check (priority between 1 and 5),
  activity text not null,
  steps integer not null,
  outcome json,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  deadline timestamptz not null,
  version bigint not null
) with (fillfactor = 70);

create index tasks_live on tasks (number) where state in ('queued', 'running', 'waiting', 'paused');
create index tasks_by_conversation on tasks (conversation_id, number);

create table task_inputs (
  id text primary key,
  task bigint not null references tasks,
  sequence bigint not null generated always as identity,
  text text not null,
  origin json not null,
  added_at timestamptz not null,
  taken_by_step integer
);

create index task_inputs_pending on task_inputs (task, sequence) where taken_by_step is null;

create table steps (
  task bigint not null references tasks,
  seq integer not null,
  attempt integer not null,
  at timestamptz not null,
  body json not null,
  primary key (task, seq)
);

create table scratch_snapshots (
  task bigint not null references tasks,
  seq integer not null,
  key text not null,
  at timestamptz not null,
  primary key (task, seq)
);

-- Appends a step of the attempt that holds the task; see StepRecords.append for the outcomes. A function, because its
-- plans are cached, and because each of its statements sees what a parallel append of the same step has committed.
create function append_step(
  step_task bigint, step_attempt integer, step_seq integer, step_at timestamptz, step_body json,
  new_activity text, taken_input text
) returns text language plpgsql as $$
begin
  update tasks
     set steps = step_seq, activity = coalesce(new_activity, activity), crashes = 0
   where number = step_task and attempt = step_attempt and steps = step_seq - 1
     and state in ('running', 'waiting') and lease_until is not null;
  if found then
    insert into steps (task, seq, attempt, at, body)
    values (step_task, step_seq, step_attempt, step_at, step_body);
    if taken_input is not null then
      update task_inputs set taken_by_step = step_seq
       where id = taken_input and task = step_task and taken_by_step is null;
    end if;
    return 'appended';
  end if;
  if not exists (
    select from tasks where number = step_task and attempt = step_attempt
      and state in ('running', 'waiting') and lease_until is not null
  ) then
    return 'stale';
  end if;
  if exists (
    select from steps where task = step_task and seq = step_seq and attempt = step_attempt
      and body::text = step_body::text
  ) then
    return 'repeated';
  end if;
  return 'out-of-order';
end
$$;

-- Effects ----------------------------------------------------------------------------------------------------------

create table approvals (
  code text primary key,
  conversation_id text not null references conversations,
  task bigint not null references tasks,
  call_id text not null,
  call json not null,
  digest text not null,
  tier text not null check (tier in ('read', 'change', 'destructive')),
  origin json not null,
  reason text not null,
  state text not null check (state in ('pending', 'approved', 'denied', 'expired', 'voided')),
  asked_at timestamptz not null,
  -- Orders approvals that were asked in the same millisecond.
  asked bigint not null generated always as identity,
  expires_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  scope text check (scope in ('once', 'task', 'always')),
  note text
);

create index approvals_by_call on approvals (task, call_id, asked);
create index approvals_pending on approvals (asked) where state = 'pending';

create table grants (
  id text primary key,
  tool text not null,
  resource text not null,
  task bigint,
  granted_by text not null,
  approval text not null,
  expires_at timestamptz not null
);

create index grants_by_tool on grants (tool, expires_at);

create table permits (
  id text primary key,
  issued bigint not null generated always as identity,
  task bigint not null references tasks,
  call_id text not null,
  call json not null,
  digest text not null,
  approval text,
  expires_at timestamptz not null
);

create index permits_by_call on permits (task, call_id, issued);

-- Unique by digest too (which covers task, call id, tool and arguments): two permits issued for one call in a race are
-- one licence all the same.
create table permit_uses (
  permit text primary key references permits,
  digest text not null unique,
  used_at timestamptz not null,
  settled_at timestamptz,
  ok boolean,
  content text
);

-- Files ------------------------------------------------------------------------------------------------------------

-- The newest version of each path. Its row lock numbers the versions.
create table drive_paths (
  path text collate "C" primary key,
  version integer not null,
  removed boolean not null
);

create table drive_files (
  path text collate "C" not null,
  version integer not null,
  blob text not null,
  sha256 text not null,
  bytes bigint not null,
  written_by text not null,
  written_at timestamptz not null,
  removed_at timestamptz,
  removed_by text,
  primary key (path, version)
);

-- Accounts ---------------------------------------------------------------------------------------------------------

create table usage (
  id bigint primary key generated always as identity,
  task bigint,
  role text not null check (role in ('coordinator', 'executor')),
  model text not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  estimated boolean not null,
  at timestamptz not null
);

create index usage_by_time on usage (at);
create index usage_by_task on usage (task, at) where task is not null;

create table audit_entries (
  sequence bigint primary key,
  -- Canonical JSON, exactly as hashed.
  body text not null,
  subject text not null,
  previous_hash text not null,
  hash text not null
);

create index audit_entries_by_subject on audit_entries (subject, sequence);

create table audit_head (
  singleton boolean primary key default true check (singleton),
  sequence bigint not null,
  hash text not null
);

insert into audit_head (sequence, hash) values (0, repeat('0', 64));

-- Appends one entry to the chain; the hash is what auditHash() in core computes. Holds the head's lock until the
-- transaction ends: call it last.
create function audit_append(entry_body text, entry_subject text)
returns setof audit_entries language plpgsql as $$
declare
  head audit_head;
  next_sequence bigint;
  next_hash text;
begin
  select * into strict head from audit_head for update;
  next_sequence := head.sequence + 1;
  next_hash := encode(
    sha256(convert_to(head.hash || E'\n' || next_sequence || E'\n' || entry_body, 'UTF8')), 'hex'
  );
  update audit_head set sequence = next_sequence, hash = next_hash;
  return query
    insert into audit_entries (sequence, body, subject, previous_hash, hash)
    values (next_sequence, entry_body, entry_subject, head.hash, next_hash)
    returning *;
end
$$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: the audit chain is append-only', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_entries_append_only before update or delete or truncate on audit_entries
  for each statement execute function refuse_change();
create trigger audit_head_stays before delete or truncate on audit_head
  for each statement execute function refuse_change();

-- The local HTTP channel ---------------------------------------------------------------------------------------------

create table channel_events (
  number bigint primary key,
  delivery_id text not null unique,
  conversation_id text not null,
  body text not null,
  at timestamptz not null
);

create index channel_events_by_conversation on channel_events (conversation_id, number);

-- Numbers come from this row and not from a sequence: its lock makes them visible in order, so that a client that
-- resumes after number n has seen every lower one.
create table channel_event_head (
  singleton boolean primary key default true check (singleton),
  number bigint not null
);

insert into channel_event_head (number) values (0);
