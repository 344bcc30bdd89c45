-- What a call under way may come to beyond what it reserved.
alter table reservations add column slack_tokens bigint not null default 0;
alter table reservations add column slack_micros bigint not null default 0;
-- False for what a process left that is gone: it counts as spent, but nothing of it comes back.
alter table reservations add column under_way boolean not null default true;

drop function reserve_budget(bigint, text, text, bigint, bigint, bigint, text, text, timestamptz, json);

-- Reserves under every cap or under none. Caps as json: {"task": {"tokens": 10, "micros": null}, ...}, to which what
-- people added is added. Calls under way count at the most that they may come to, the new one at its estimate: so whatever
-- they come to, a cap is passed by no more than the last one's error. Returns the reservation; or the first cap that stands
-- in the way, whatever calls under way give back, and what it has spent; or nothing but nulls, when only they do.
create function reserve_budget(
  new_task bigint, new_role text, new_model text, new_input bigint, new_output bigint, new_micros bigint,
  new_day text, new_month text, new_at timestamptz, limits json, new_slack_tokens bigint, new_slack_micros bigint
) returns table (
  reservation bigint, cap_kind text, cap_subject text, spent_tokens bigint, spent_micros bigint, is_news boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  cap record;
  who text := coalesce('T-' || new_task, 'coordinator');
  known boolean;
  is_held boolean := false;
begin
  perform from budget_lock for update;
  for cap in
    select named.kind, named.subject,
           coalesce(spent.tokens, 0) as tokens, coalesce(spent.micros, 0) as micros,
           (limits -> named.kind ->> 'tokens')::bigint + coalesce(caps.tokens, 0) as most_tokens,
           (limits -> named.kind ->> 'micros')::bigint + coalesce(caps.micros, 0) as most_micros,
           open.slack_tokens, open.slack_micros, open.held_tokens, open.held_micros
      from (values (1, 'task', 'T-' || new_task), (2, 'day', new_day), (3, 'month', new_month))
             as named (place, kind, subject)
      left join spent on spent.kind = named.kind and spent.subject = named.subject
      left join caps on caps.kind = named.kind and caps.subject = named.subject
      cross join lateral (
        select coalesce(sum(slack_tokens), 0) as slack_tokens, coalesce(sum(slack_micros), 0) as slack_micros,
               coalesce(sum(input_tokens + output_tokens), 0) as held_tokens, coalesce(sum(micros), 0) as held_micros
          from reservations
         where case named.kind when 'task' then task = new_task when 'day' then day = new_day else month = new_month end
           and under_way
      ) as open
     where named.subject is not null
     order by named.place
  loop
    if cap.tokens - cap.held_tokens + new_input + new_output > cap.most_tokens
       or (new_micros is not null and cap.micros - cap.held_micros + new_micros > cap.most_micros) then
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
    is_held := is_held
      or cap.tokens + cap.slack_tokens + new_input + new_output > cap.most_tokens
      or (new_micros is not null and cap.micros + cap.slack_micros + new_micros > cap.most_micros);
  end loop;
  if is_held then
    return query select null::bigint, null::text, null::text, null::bigint, null::bigint, false;
    return;
  end if;
  perform change_spent(new_task, new_day, new_month, new_input + new_output, coalesce(new_micros, 0));
  return query
    insert into reservations (task, role, model, input_tokens, output_tokens, micros, day, month, at, slack_tokens,
      slack_micros)
    values (new_task, new_role, new_model, new_input, new_output, new_micros, new_day, new_month, new_at,
      new_slack_tokens, new_slack_micros)
    returning id, null::text, null::text, null::bigint, null::bigint, false;
end
$$;
