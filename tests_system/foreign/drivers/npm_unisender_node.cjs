'use strict'
const { default: Unisender } = require('unisender-node')

async function main () {
  const uni = new Unisender({ apiKey: process.env.KEY, lang: 'ru' })
  const told = {}
  const list = (await uni.getLists()).result[0]
  told.lists = [list.id, list.title]
  const sent = (await uni.messaging.sendEmail({
    email: 'noread@example.com',
    sender_name: 'УК',
    sender_email: process.env.SENDER,
    subject: 'Квитанция',
    body: '<p>b</p>',
    list_id: list.id,
    error_checking: 1,
    metadata: { key: 'k1' },
    attachments: { 'r.txt': 'receipt' }
  })).result[0]
  const asked = await uni.messaging.checkEmail({ email_id: [sent.id, '7'] })
  told.delivered = asked.result.statuses[0].status
  told.failed = asked.failed_email_id
  const domains = await uni.messaging.getSenderDomainList({ username: 'ID7208007' })
  told.domains = domains.result.domains[0].Domain
  const wrong = new Unisender({ apiKey: 'wrong', lang: 'ru' })
  told.wrong_key = (await wrong.getLists()).code === 'invalid_api_key'
  console.log(JSON.stringify(told))
}

main()
