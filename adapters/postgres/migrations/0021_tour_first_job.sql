-- The task that the tour's first job became: what it asks to do again.
alter table tours add column first_task text;
