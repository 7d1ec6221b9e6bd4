package main

import "context"

// await does what may take as long as others like, such as reading a named pipe that nobody writes
// to, and stops waiting when the user does: what was begun ends with the program.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, interrupted()
	}
}

// finish is await for what only fails or does not, by the environment's fault.
func finish(ctx context.Context, do func() error) error {
	_, err := await(ctx, func() (struct{}, error) {
		if err := do(); err != nil {
			return struct{}{}, environment(err)
		}
		return struct{}{}, nil
	})
	return err
}
