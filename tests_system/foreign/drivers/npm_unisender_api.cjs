'use strict'
const { default: Unisender } = require('unisender-api')

async function main () {
  const uni = new Unisender(process.env.KEY)
  const told = {}
  const list = (await uni.getLists()).result[0]
  told.lists = [list.id, list.title]
  const person = await uni.subscribe(String(list.id), 'noread@example.com', 'Анна', {}, { double_optin: 3 })
  told.person = person.result.person_id > 0
  const sent = await uni.sendEmail(
    'noread@example.com', 'УК', process.env.SENDER, 'Квитанция', '<p>b</p>', list.id,
    { attachments: [{ name: 'r.txt', content: 'receipt' }], metadata: [{ name: 'key', value: 'k1' }] }
  )
  told.email_id = typeof sent.result.email_id
  told.delivered = (await uni.checkEmail(sent.result.email_id)).result.statuses[0].status
  told.contact = (await uni.getContact('noread@example.com', {})).result.email.email
  const refused = await new Unisender('wrong').getLists()
  told.wrong_key = refused.code === 'invalid_api_key'
  console.log(JSON.stringify(told))
}

main()
