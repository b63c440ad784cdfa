'use strict'
const UniSender = require('unisender')

async function main () {
  const uni = new UniSender({ api_key: process.env.KEY, lang: 'ru' })
  const told = {}
  const list = (await uni.getLists()).result[0]
  told.lists = [list.id, list.title]
  told.created = (await uni.createList({ title: 'Чужой клиент' })).result.id > 0
  const who = { list_ids: list.id, fields: { email: 'noread@example.com' }, double_optin: 3 }
  told.person = (await uni.subscribe(who)).result.person_id > 0
  const imported = (await uni.importContacts({
    field_names: ['email', 'email_list_ids'],
    data: [
      { email: 'a1@example.com', email_list_ids: String(list.id) },
      { email: 'a2@example.com', email_list_ids: String(list.id) }
    ]
  })).result
  told.imported = [imported.total, imported.inserted]
  const letter = {
    email: 'Анна <noread@example.com>',
    sender_name: 'УК',
    sender_email: process.env.SENDER,
    subject: 'Квитанция & ё',
    body: '<p>+ % & =</p>',
    list_id: list.id,
    error_checking: 1,
    headers: { 'Reply-To': 'r@example.com' },
    attachments: { 'r.txt': 'receipt' }
  }
  const sent = (await uni.sendEmail(letter)).result[0]
  told.delivered = (await uni.checkEmail({ email_id: sent.id })).result.statuses[0].status
  told.refused = (await uni.sendEmail({ ...letter, email: 'nobody' })).result[0].errors[0].code
  told.excluded = (await uni.exclude({ contact_type: 'email', contact: 'a1@example.com' })).result
  told.login = (await uni.getUserInfo()).result.login
  told.confirmation = (await uni.validateSender({ email: 'new@example.com' })).result.message
  const other = new UniSender({ api_key: 'wrong', lang: 'ru' })
  told.wrong_key = await other.getLists().then(() => false, error => error.code === 'invalid_api_key')
  console.log(JSON.stringify(told))
}

main()
