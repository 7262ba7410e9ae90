// Answers every question on standard input: {documents: [policy], questions: [{principal, action, resource, account,
// context, identity: [index], resourcePolicy, boundary and serviceControl: index or null}]} -> ["Allowed",
// "ImplicitlyDenied" or "ExplicitlyDenied"].
// A question that AWS's service data does not know (no such action, no such resource type) is answered by what is wrong.
import { readFileSync } from 'node:fs'
import {
  createValidatedPolicy,
  validateIdentityPolicy,
  validateResourcePolicy,
  validateServiceControlPolicy
} from '@cloud-copilot/iam-policy'
import { runSimulation } from '@cloud-copilot/iam-simulate'

// The simulator compares texts without regard to case, character by character, and has a collator made for each of these.
// One does for all: half of the time.
const withoutCase = new Intl.Collator(undefined, { sensitivity: 'accent' })
const { localeCompare } = String.prototype
String.prototype.localeCompare = function (other, locales, options) {
  if (locales !== undefined || options?.sensitivity !== 'accent') return localeCompare.call(this, other, locales, options)
  return this.valueOf() === other ? 0 : withoutCase.compare(this, other)
}

const { documents, questions } = JSON.parse(readFileSync(0, 'utf8'))

// A document is validated once, not at each question.
const validated = new Map()
const validatedAs = (kind, validate) => (index) => {
  const key = `${kind} ${index}`
  if (!validated.has(key)) validated.set(key, createValidatedPolicy(documents[index], validate))
  return validated.get(key)
}
const asIdentityPolicy = validatedAs('identity', validateIdentityPolicy)
const asResourcePolicy = validatedAs('resource', validateResourcePolicy)
const asServiceControlPolicy = validatedAs('service control', validateServiceControlPolicy)

// A service control policy only takes away: AWS attaches this one as well, to everything.
const FULL_ACCESS = createValidatedPolicy(
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  validateServiceControlPolicy
)
const controlled = (index) => ({
  orgIdentifier: 'the account',
  policies: [
    { name: 'FullAWSAccess', policy: FULL_ACCESS },
    { name: `${index}`, policy: asServiceControlPolicy(index) }
  ]
})

const answers = []
for (const question of questions) {
  const answer = await runSimulation(
    {
      request: {
        principal: question.principal,
        action: question.action,
        resource: { resource: question.resource, accountId: question.account },
        contextVariables: question.context
      },
      identityPolicies: question.identity.map((index) => ({ name: `${index}`, policy: asIdentityPolicy(index) })),
      permissionBoundaryPolicies:
        question.boundary === null
          ? undefined
          : [{ name: `${question.boundary}`, policy: asIdentityPolicy(question.boundary) }],
      serviceControlPolicies: question.serviceControl === null ? [] : [controlled(question.serviceControl)],
      resourceControlPolicies: [],
      resourcePolicy: question.resourcePolicy === null ? undefined : asResourcePolicy(question.resourcePolicy)
    },
    {}
  )
  answers.push(
    answer.resultType === 'error'
      ? `error: ${JSON.stringify(answer.errors)}`
      : { verdict: answer.overallResult, ignored: answer.result?.ignoredContextKeys ?? [] }
  )
}
process.stdout.write(JSON.stringify(answers))
