-- Caps on what model calls may use up. Money is in micros, millionths of a US dollar.

-- What a call came to in money (null: its model has no price), and the owner's day and month it was reserved in.
alter table usage add column micros bigint;
alter table usage add column day text;
alter table usage add column month text;
create index usage_by_day on usage (day);

-- What people added to the caps of the settings. The coordinator writes, the gateway reads.
create table caps (
  kind text not null check (kind in ('task', 'day', 'month')),
  subject text not null,
  tokens bigint not null check (tokens >= 0),
  micros bigint not null check (micros >= 0),
  raises integer not null,
  primary key (kind, subject)
);

-- What was used up under each cap, standing reservations included. Written by the functions below only.
create table spent (
  kind text not null check (kind in ('task', 'day', 'month')),
  subject text not null,
  tokens bigint not null,
  micros bigint not null,
  primary key (kind, subject)
) with (fillfactor = 70);

insert into spent (kind, subject, tokens, micros)
select 'task', 'T-' || task, sum(input_tokens + output_tokens), 0 from usage where task is not null group by task;

-- Calls that were begun and not settled. One that a crash left stands for ever: it counts as spent.
create table reservations (
  id bigint primary key generated always as identity,
  task bigint,
  role text not null check (role in ('coordinator', 'executor')),
  model text not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  micros bigint,
  day text not null,
  month text not null,
  at timestamptz not null
);

create index reservations_by_task on reservations (task) where task is not null;

-- The newest refusal by asker: 'T-3' or 'coordinator'. Caps as they were tell a repetition from news.
create table budget_refusals (
  asker text primary key,
  kind text not null,
  subject text not null,
  tokens bigint not null,
  micros bigint,
  cap_tokens bigint,
  cap_micros bigint
);

-- Its row lock lets one reservation be decided at a time.
create table budget_lock (singleton boolean primary key default true check (singleton));
insert into budget_lock default values;

-- Everything that counts as used, by task, role and model.
create view spending as
  select task, role, model, input_tokens, output_tokens, micros, estimated, day, month, at from usage
  union all
  select task, role, model, input_tokens, output_tokens, micros, true, day, month, at from reservations;

create function change_spent(of_task bigint, of_day text, of_month text, by_tokens bigint, by_micros bigint)
returns void language sql as $$
  insert into spent (kind, subject, tokens, micros)
  select kind, subject, by_tokens, by_micros
    from (values ('task', 'T-' || of_task), ('day', of_day), ('month', of_month)) as named (kind, subject)
   where subject is not null
  on conflict (kind, subject) do update
     set tokens = spent.tokens + excluded.tokens, micros = spent.micros + excluded.micros
$$;

-- Reserves under every cap or under none. Caps as json: {"task": {"tokens": 10, "micros": null}, ...}, to which what
-- people added is added. Returns the reservation, or the first cap that stands in the way and what it has spent.
create function reserve_budget(
  new_task bigint, new_role text, new_model text, new_input bigint, new_output bigint, new_micros bigint,
  new_day text, new_month text, new_at timestamptz, limits json
) returns table (
  reservation bigint, cap_kind text, cap_subject text, spent_tokens bigint, spent_micros bigint, is_news boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  cap record;
  who text := coalesce('T-' || new_task, 'coordinator');
  known boolean;
begin
  perform from budget_lock for update;
  for cap in
    select named.kind, named.subject,
           coalesce(spent.tokens, 0) as tokens, coalesce(spent.micros, 0) as micros,
           (limits -> named.kind ->> 'tokens')::bigint + coalesce(caps.tokens, 0) as most_tokens,
           (limits -> named.kind ->> 'micros')::bigint + coalesce(caps.micros, 0) as most_micros
      from (values (1, 'task', 'T-' || new_task), (2, 'day', new_day), (3, 'month', new_month))
             as named (place, kind, subject)
      left join spent on spent.kind = named.kind and spent.subject = named.subject
      left join caps on caps.kind = named.kind and caps.subject = named.subject
     where named.subject is not null
     order by named.place
  loop
    if cap.tokens + new_input + new_output > cap.most_tokens
       or (new_micros is not null and cap.micros + new_micros > cap.most_micros) then
      select true into known from budget_refusals
       where asker = who and kind = cap.kind and subject = cap.subject
         and cap_tokens is not distinct from cap.most_tokens and cap_micros is not distinct from cap.most_micros;
      insert into budget_refusals (asker, kind, subject, tokens, micros, cap_tokens, cap_micros)
      values (who, cap.kind, cap.subject, new_input + new_output, new_micros, cap.most_tokens, cap.most_micros)
      on conflict (asker) do update
         set kind = excluded.kind, subject = excluded.subject, tokens = excluded.tokens, micros = excluded.micros,
             cap_tokens = excluded.cap_tokens, cap_micros = excluded.cap_micros;
      return query
        select null::bigint, cap.kind::text, cap.subject::text, cap.tokens::bigint, cap.micros::bigint,
               coalesce(not known, true);
      return;
    end if;
  end loop;
  perform change_spent(new_task, new_day, new_month, new_input + new_output, coalesce(new_micros, 0));
  return query
    insert into reservations (task, role, model, input_tokens, output_tokens, micros, day, month, at)
    values (new_task, new_role, new_model, new_input, new_output, new_micros, new_day, new_month, new_at)
    returning id, null::text, null::text, null::bigint, null::bigint, false;
end
$$;

-- Ends a reservation: it becomes a record of usage, or with a null model is given back. False when it stands no more.
create function settle_reservation(
  which bigint, used_model text, used_input bigint, used_output bigint, used_micros bigint, used_estimated boolean,
  used_at timestamptz
) returns boolean language plpgsql as $$
declare
  held reservations;
begin
  perform from budget_lock for update;
  delete from reservations where id = which returning * into held;
  if not found then
    return false;
  end if;
  perform change_spent(
    held.task, held.day, held.month,
    coalesce(used_input + used_output, 0) - held.input_tokens - held.output_tokens,
    coalesce(used_micros, 0) - coalesce(held.micros, 0)
  );
  if used_model is not null then
    insert into usage (task, role, model, input_tokens, output_tokens, micros, estimated, day, month, at)
    values (held.task, held.role, used_model, used_input, used_output, used_micros, used_estimated, held.day,
            held.month, used_at);
  end if;
  return true;
end
$$;

-- A question to raise the cap of a day or month belongs to no task, and is asked once however many tasks wait.
alter table approvals alter column task drop not null;
create unique index approvals_one_per_cap on approvals (call_id) where task is null and state = 'pending';
