-- a copy made with «neutralize»: no key, no webhook, and nothing that is due
UPDATE epd_unisender_account
   SET api_key = NULL, home = NULL, webhook_token = NULL, webhook_state = 'off', state = 'draft',
       base_url = 'https://neutralized.invalid';
UPDATE epd_mailing
   SET state = 'paused',
       wait_reason = 'Копия базы: рассылка остановлена (neutralize).',
       wait_until = NULL
 WHERE state IN ('scheduled', 'sending');
UPDATE epd_mailing_letter
   SET send_state = 'cancelled', state = 'cancelled', failure_type = 'withdrawn',
       failure_reason = 'Копия базы: письмо снято (neutralize).'
 WHERE is_test AND send_state IN ('pending', 'claimed');
