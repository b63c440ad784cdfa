'use strict'
const transport = require('nodemailer-unione-transport')

const mail = {
  recipients: [{ email: 'noread@example.com' }],
  body: { html: '<p>b</p>' },
  subject: 'Квитанция',
  from_email: process.env.SENDER,
  global_metadata: { key: 'k1' },
  attachments: [{ type: 'text/plain', name: 'r.txt', content: Buffer.from('receipt').toString('base64') }]
}
const told = {}
const auth = key => transport({ auth: { api_key: key, username: 'office' } })
auth(process.env.KEY).send({ data: mail }, (error, answer) => {
  if (error) throw error
  told.taken = answer.emails
  auth('wrong').send({ data: mail }, failure => {
    told.wrong_key = String(failure).includes('Invalid API key')
    console.log(JSON.stringify(told))
  })
})
