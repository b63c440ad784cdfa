-- a copy of the database sends nothing and is not mistaken for the real one
UPDATE epd_unisender_account
   SET api_key = NULL, webhook_token = NULL, webhook_state = 'off', state = 'draft',
       base_url = 'https://neutralized.invalid';
UPDATE epd_mailing SET state = 'paused' WHERE state IN ('scheduled', 'sending');
