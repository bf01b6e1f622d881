import { Controller, Get, Request, Response, Route, SuccessResponse, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { inject, injectable } from 'inversify';
import { CheckHealth } from '#src/application/health/check-health.js';
import { AppError } from '#src/domain/errors.js';
import type { Problem } from '../pipeline/errors/problem.js';
import { Policy } from '../pipeline/route-policy.js';
import { Readiness } from './readiness.js';
import type { HealthReport, Liveness, ServiceInfo } from './service-dto.js';
import { ServiceVersion } from './service-version.js';

@Route('')
@Policy({ cost: 'request', whileDraining: false })
@Tags('service')
@Response<Problem>(400, 'invalid_request')
@injectable()
export class ServiceController extends Controller {
  readonly #checkHealth: CheckHealth;
  readonly #readiness: Readiness;
  readonly #version: ServiceVersion;

  constructor(
    @inject(CheckHealth) checkHealth: CheckHealth,
    @inject(Readiness) readiness: Readiness,
    @inject(ServiceVersion) version: ServiceVersion,
  ) {
    super();
    this.#checkHealth = checkHealth;
    this.#readiness = readiness;
    this.#version = version;
  }

  /**
   * What this is, and where to read on.
   * @summary Name and version
   */
  @Get('/')
  @Response<Problem>(429, 'rate_limited')
  @Response<Problem>(503, 'shutting_down')
  getInfo(): ServiceInfo {
    return {
      name: 'FastWrap',
      version: this.#version.text,
      docs: '/docs',
      openapi: '/openapi.json',
      health: '/health',
    };
  }

  /**
   * The state of the parts that a turn needs. Never calls a model.
   * @summary Health
   */
  @Get('/health')
  @Policy({ cost: 'request', whileDraining: true })
  @Response<Problem>(429, 'rate_limited')
  @Response<HealthReport>(503, 'A needed part is down')
  async getHealth(): Promise<HealthReport> {
    const health = await this.#checkHealth.execute();
    if (health.status === 'down') this.setStatus(503);
    return { ...health, version: this.#version.text };
  }

  /**
   * Whether the process runs; looks at nothing outside it.
   * @summary Liveness
   */
  @Get('/livez')
  @Policy({ cost: 'probe', whileDraining: true })
  getLiveness(): Liveness {
    return { status: 'ok' };
  }

  /**
   * Whether to send requests here: not while starting or draining.
   * @summary Readiness
   */
  @Get('/readyz')
  @Policy({ cost: 'probe', whileDraining: true })
  @Response<Problem>(503, 'shutting_down: it starts or drains')
  @SuccessResponse(200)
  getReadiness(@Request() _request: ExpressRequest): Liveness {
    if (!this.#readiness.isReady) throw new AppError('shutting_down');
    return { status: 'ok' };
  }
}
