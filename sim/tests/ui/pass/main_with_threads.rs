//! `main` runs on its own thread, with a pool beside it.

#[reveille::main(threads = 2)]
async fn main() {
    let here = std::thread::current().id();
    let local = std::rc::Rc::new(20);
    let near = reveille::spawn(async move { (*local, std::thread::current().id()) });
    let far = reveille::spawn_send(async { (22, std::thread::current().id()) });
    let ((one, at_home), (two, elsewhere)) = (near.await.unwrap(), far.await.unwrap());
    assert_eq!(one + two, 42);
    assert!(at_home == here && elsewhere != here);
}
