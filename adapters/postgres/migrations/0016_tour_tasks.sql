-- The tour goes on by itself when a task that it started is over.
alter table tours add column task text;
update tours set step = null where step = 'more';
