// A service that verifies Sekisho's access tokens by itself: with its public keys, and with the signed list of what was
// revoked, asked for every two seconds. Without a list that is still good it lets nobody in.
//
//   node verifier.mjs http://localhost:3000     reads a token per line and says who it is of, or why not
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const hash = (id) => createHash('sha256').update(id).digest('base64url')

export class Verifier {
  #list = { iat: 0, exp: 0, seq: 0 }
  #sessions = new Set()
  #keys = new Set()
  #users = new Map()

  constructor(issuer, audience = issuer) {
    this.issuer = issuer
    this.audience = audience
    // A key that is not known yet is asked for at once.
    this.jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cooldownDuration: 1000 })
    this.algorithms = ['EdDSA', 'ES256']
  }

  /// Catches up with the list. What is older than the one that is had, or of another history, is told by its claims.
  async hear() {
    const { issuer, algorithms } = this
    const url = `${issuer}/.well-known/revocations?since=${this.#list.seq}`
    const reply = await fetch(url, { signal: AbortSignal.timeout(2000) })
    const wanted = { issuer, algorithms, typ: 'revocations+jwt', requiredClaims: ['iat', 'exp', 'seq', 'since'] }
    const { payload } = await jwtVerify(await reply.text(), this.jwks, wanted)
    if (payload.iat < this.#list.iat) return
    if (payload.since !== this.#list.seq) for (const all of [this.#sessions, this.#keys, this.#users]) all.clear()
    for (const { sid, sub, uv, kid } of payload.entries) {
      if (sid) this.#sessions.add(sid)
      if (kid) this.#keys.add(kid)
      if (sub) this.#users.set(sub, Math.max(uv, this.#users.get(sub) ?? 0))
    }
    // Of a list in parts the last makes the whole.
    this.#list = payload.more ? { ...this.#list, seq: payload.seq } : payload
    if (payload.more) await this.hear()
  }

  /// The claims of a token, or an error.
  async verify(token) {
    if (this.#list.exp * 1000 <= Date.now()) throw new Error('no list of revocations that is still good')
    const { issuer, audience, algorithms } = this
    const { payload, protectedHeader } = await jwtVerify(token, this.jwks, { issuer, audience, algorithms, typ: 'at+jwt' })
    const tooOld = payload.uv < (this.#users.get(hash(payload.sub)) ?? 0)
    if (this.#sessions.has(hash(payload.sid)) || tooOld || this.#keys.has(protectedHeader.kid)) throw new Error('revoked')
    return payload
  }
}

const [, program, issuer, audience] = process.argv
if (import.meta.filename === program && issuer) {
  const verifier = new Verifier(issuer, audience)
  const hear = () => verifier.hear().catch(() => {})
  await hear()
  setInterval(hear, 2000).unref()
  for await (const token of createInterface({ input: process.stdin })) {
    const said = verifier.verify(token).then((claims) => `ok ${claims.sub}`)
    console.log(await said.catch((error) => `no ${error.message}`))
  }
}
