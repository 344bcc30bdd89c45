/** A route as Hono keeps it; middleware has the method `ALL`. */
interface Route {
  readonly method: string;
  readonly path: string;
}

/** The methods that some route takes at this very path, such as `GET, HEAD`; empty when nothing is there. */
export function methodsAt(routes: readonly Route[], path: string): string[] {
  const methods = routes
    .filter((route) => route.method !== 'ALL' && patternOf(route.path).test(path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...new Set(methods)];
}

function patternOf(path: string): RegExp {
  const pieces = path.split('/').map((piece) => {
    if (piece === '*') return '.+';
    return piece.startsWith(':') ? '[^/]+' : piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${pieces.join('/')}$`, 's');
}
