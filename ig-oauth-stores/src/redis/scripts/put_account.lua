put_account()
