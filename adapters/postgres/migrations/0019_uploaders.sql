-- Who handed a file over, as their channel knows them: a name can be anybody's. Null for what tasks wrote, and for
-- what was handed over before this was noted.
alter table drive_files add column uploader_channel text, add column uploader text;
alter table drive_files add check ((uploader_channel is null) = (uploader is null));
create index drive_files_by_uploader on drive_files (uploader_channel, uploader) where uploader is not null;
-- Where a card stands that is found by its key alone.
create index outbox_card_place on outbox (card_key, sequence) where card_key like 'connect:%';
