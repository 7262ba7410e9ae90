// Answers every question on standard input: {documents: [policy], questions: [{principal, action, resource, account,
// context, identity: [index], resourcePolicy: index or null}]} -> ["Allowed", "ImplicitlyDenied" or "ExplicitlyDenied"].
// A question that AWS's service data does not know (no such action, no such resource type) is answered by what is wrong.
import { readFileSync } from 'node:fs'
import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy'
import { runSimulation } from '@cloud-copilot/iam-simulate'

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
      serviceControlPolicies: [],
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
