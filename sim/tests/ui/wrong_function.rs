#[reveille::test]
fn not_async() {}

#[reveille::test]
async fn parameters(pool: u32) {}

#[reveille::test]
async fn generic<T>() {}

#[reveille::test]
async unsafe fn not_safe() {}

#[reveille::test]
struct NotAFunction;

trait Suite {
    #[reveille::test]
    async fn no_body();
}

fn main() {}
